"""The settings of a training run as widgets, each declared once."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields

import ipywidgets as widgets
import traitlets

from lenet_helpers.data.catalog import DATA_SETS, OWN, Source, data_set
from lenet_helpers.data.choice import chosen_for_all, data_set_of
from lenet_helpers.data.places import datasets_at_hand
from lenet_helpers.devices import try_gpu
from lenet_helpers.language import say
from lenet_helpers.models import ACTIVATIONS
from lenet_helpers.panels import Choice
from lenet_helpers.runs.records import Settings
from lenet_helpers.runs.training import recipe
from lenet_helpers.words import Words

STEP = 0.05  # of the slider of the learning rate, in powers of ten
DEVICES = {
    "cpu": Words.same("CPU"),
    "cuda": Words("GPU（CUDA）", "GPU (CUDA)"),
    "mps": Words("GPU（Apple）", "GPU (Apple)"),
}


@dataclass(frozen=True)
class Control:
    """A field of `Settings`: its label, its widget, and its column in the table of runs.

    The field's type says which widget: a number is typed within its ``limits``, a text is chosen
    among ``words``, which are asked for when a widget is made. ``heading`` is for the column, if
    the label is too long.
    """

    label: Words
    heading: Words | None = None
    limits: tuple[float, float] = (0, 0)
    words: Callable[[], Mapping[object, Words]] = dict

    def widget(self, kind: type) -> widgets.Widget:
        """A widget for values of the type ``kind``."""
        if kind is str:
            made = Choice(self.words(), layout={"width": "21em"})
        elif kind is bool:
            made = widgets.Checkbox(layout={"width": "21em"})
        else:
            box = widgets.BoundedIntText if kind is int else widgets.BoundedFloatText
            low, high = self.limits
            made = box(min=low, max=high, step=None, layout={"width": "13em"})
        made.style.description_width = "7em"  # two lines, if need be (runs.css)
        say(made, "description", self.label)
        return made


# In the order of `Settings`, which is that of the widgets and of the table's columns.
CONTROLS = {
    "dataset": Control(
        Words("数据集", "Data set"),
        words=lambda: {name: known.title for name, known in (DATA_SETS | OWN).items()},
    ),
    "lr": Control(Words("学习率", "Learning rate"), Words("学习率", "lr"), (0.001, 10)),
    "epochs": Control(Words("轮数", "Epochs"), limits=(1, 50)),
    "batch_size": Control(Words("批量大小", "Batch size"), Words("批量", "Batch"), (1, 10_000)),
    "activation": Control(
        Words("激活函数", "Activation"), words=lambda: {n: Words.same(n) for n in ACTIVATIONS}
    ),
    "pooling": Control(
        Words("汇聚", "Pooling"),
        words=lambda: {"average": Words("平均", "average"), "max": Words("最大", "maximum")},
    ),
    "standardize": Control(
        Words("标准化像素", "Standardised pixels"), Words("标准化", "Standard."),
        words=lambda: {True: Words.same("✓"), False: Words.same("–")},
    ),
    "seed": Control(Words("随机种子", "Seed"), Words("种子", "Seed"), (0, 2**31 - 1)),
    "device": Control(
        Words("计算设备", "Device"), Words("设备", "Device"),
        words=lambda: {  # cuda:1, which LENET_DEVICE can name, is a CUDA device too
            name: DEVICES.get(name.partition(":")[0], Words.same(name))
            for name in (str(try_gpu()), "cpu")
        },
    ),
}  # fmt: skip


class SettingControls(widgets.VBox):
    """A widget for each field of `Settings`; `values` reads them all.

    A number is typed into a box; learning rate and epochs have a slider as well, which is
    logarithmic for the learning rate. The digits are always standardised, as `load_data` has it.
    ``dataset`` is as in `TrainingPanel`; ``fields`` and ``sliders`` are the widgets by name,
    ``initial`` the settings to begin with.
    """

    def __init__(self, dataset: Source = "auto") -> None:
        self.initial = self._recipe = recipe(_name_of(dataset))
        self.fields = {f.name: CONTROLS[f.name].widget(f.type) for f in fields(Settings)}
        self.sliders = {
            "lr": widgets.FloatLogSlider(min=-3, max=1, step=STEP, readout=False),
            "epochs": widgets.IntSlider(min=1, max=50, readout=False),
        }
        for name, slider in self.sliders.items():
            say(slider, "tooltip", CONTROLS[name].label)
            slider.layout.width = "7.5em"
        lr, epochs = self.fields["lr"], self.fields["epochs"]
        traitlets.link((epochs, "value"), (self.sliders["epochs"], "value"))
        traitlets.dlink((lr, "value"), (self.sliders["lr"], "value"))
        self.sliders["lr"].observe(self._take_from_slider, "value")
        self.fields["dataset"].observe(self._follow_recipe, "value")
        self.reset()
        super().__init__([
            widgets.HBox([widget, self.sliders[name]]) if name in self.sliders else widget
            for name, widget in self.fields.items()
        ])  # fmt: skip

    def values(self) -> Settings:
        """The settings as they are now."""
        return Settings(**{name: widget.value for name, widget in self.fields.items()})

    def reset(self) -> None:
        """Put all settings back to the initial ones."""
        self._set(self.initial, self.fields)

    def _set(self, recipe: Settings, names: Iterable[str]) -> None:
        """Let these fields, and with another data set others too, be as this recipe says."""
        self._recipe = recipe
        for name in names:
            self.fields[name].value = getattr(recipe, name)
        standardize = self.fields["standardize"]
        standardize.disabled = always = data_set(recipe.dataset).always_standardized
        standardize.value = standardize.value or always

    def _take_from_slider(self, change: dict) -> None:
        """The slider brings a typed number to its nearest notch, which is not to be taken back."""
        if abs(math.log10(change["new"] / self.fields["lr"].value)) > STEP / 2:
            self.fields["lr"].value = float(f"{change['new']:.3g}")

    def _follow_recipe(self, change: dict) -> None:
        """Another data set: what was still as its recipe says follows the new one's recipe."""
        before, now = asdict(self._recipe), asdict(self.values())
        if change["new"] != before["dataset"]:
            self._set(recipe(change["new"]), [name for name in now if now[name] == before[name]])


def _name_of(source: Source) -> str:
    """The name of a data set; one's own is read."""
    if not (isinstance(source, str) and source == "auto"):
        return data_set_of(source).name
    if wanted := chosen_for_all():
        return wanted.name
    return next(name for name, place in datasets_at_hand().items() if place)
