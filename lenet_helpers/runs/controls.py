"""The settings of a training run as widgets."""

from __future__ import annotations

import math
import os
from dataclasses import asdict

import ipywidgets as widgets
import traitlets

from lenet_helpers.data.catalog import DATA_SETS, data_set
from lenet_helpers.data.places import datasets_at_hand
from lenet_helpers.devices import try_gpu
from lenet_helpers.language import say
from lenet_helpers.models import ACTIVATIONS, POOLINGS
from lenet_helpers.panels import Choice
from lenet_helpers.runs.records import Settings
from lenet_helpers.runs.rerun import recipe
from lenet_helpers.words import Words

LARGEST_SEED = 2**31 - 1
LABELS = {
    "lr": Words("学习率", "Learning rate"),
    "epochs": Words("轮数", "Epochs"),
    "batch_size": Words("批量大小", "Batch size"),
    "dataset": Words("数据集", "Data set"),
    "activation": Words("激活函数", "Activation"),
    "pooling": Words("汇聚", "Pooling"),
    "standardize": Words("标准化像素", "Standardised pixels"),
    "seed": Words("随机种子", "Seed"),
    "device": Words("计算设备", "Device"),
}
POOLING_WORDS = {"average": Words("平均", "average"), "max": Words("最大", "maximum")}
DEVICE_WORDS = {
    "cpu": Words("CPU", "CPU"),
    "cuda": Words("GPU（CUDA）", "GPU (CUDA)"),
    "mps": Words("GPU（Apple）", "GPU (Apple)"),
}
NUMBER = {"width": "20em"}  # a label and a box beside it
STEP = 0.05  # of the slider of the learning rate, in powers of ten


class SettingControls(widgets.HBox):
    """A widget for each field of `Settings`, by the same name; `values` reads them all.

    A number is typed into a box; learning rate and epochs have a slider as well, which is
    logarithmic for the learning rate. The digits are always standardised, as `load_data` has it.

    Args:
        dataset: the one to begin with; ``"auto"`` is what ``LENET_DATASET`` names, or else the
            first that is at hand.
    """

    def __init__(self, dataset: str = "auto") -> None:
        self.initial = self._recipe = recipe(
            _first() if dataset == "auto" else data_set(dataset).name
        )
        self.lr = widgets.BoundedFloatText(min=0.001, max=10, step=None, layout=NUMBER)
        self.epochs = widgets.BoundedIntText(min=1, max=50, layout=NUMBER)
        self.lr_slider = widgets.FloatLogSlider(min=-3, max=1, step=STEP, readout=False)
        self.epochs_slider = widgets.IntSlider(min=1, max=50, readout=False)
        self.batch_size = widgets.BoundedIntText(min=1, max=10_000, layout=NUMBER)
        self.seed = widgets.BoundedIntText(min=0, max=LARGEST_SEED, layout=NUMBER)
        self.dataset = Choice({name: known.title for name, known in DATA_SETS.items()})
        self.activation = Choice({name: Words(name, name) for name in ACTIVATIONS})
        self.pooling = Choice({name: POOLING_WORDS[name] for name in POOLINGS})
        self.device = Choice({name: DEVICE_WORDS[name] for name in _devices()})
        self.standardize = widgets.Checkbox(layout={"width": "auto"})
        self._connect()
        self.reset()
        lr = widgets.HBox([self.lr, self.lr_slider])
        epochs = widgets.HBox([self.epochs, self.epochs_slider])
        numbers = widgets.VBox([lr, epochs, self.batch_size, self.seed])
        choices = [self.dataset, self.standardize, self.activation, self.pooling, self.device]
        super().__init__([numbers, widgets.VBox(choices)], layout={"flex_flow": "row wrap"})

    def values(self) -> Settings:
        """The settings as they are now."""
        return Settings(**{name: getattr(self, name).value for name in LABELS})

    def reset(self) -> None:
        """Put all settings back to the initial ones."""
        self._recipe = self.initial
        self._set(asdict(self.initial))
        self._mark_standardize()

    def _connect(self) -> None:
        for name, words in LABELS.items():
            say(getattr(self, name), "description", words)
            getattr(self, name).style.description_width = "12em"
        for choice in (self.dataset, self.activation, self.pooling, self.device):
            choice.layout.width = "26em"
        for slider, name in ((self.lr_slider, "lr"), (self.epochs_slider, "epochs")):
            say(slider, "tooltip", LABELS[name])
            slider.layout.width = "12em"
        traitlets.link((self.epochs, "value"), (self.epochs_slider, "value"))
        traitlets.dlink((self.lr, "value"), (self.lr_slider, "value"))
        self.lr_slider.observe(self._take_from_slider, "value")
        self.dataset.observe(self._follow_recipe, "value")

    def _take_from_slider(self, change: dict) -> None:
        """The slider brings a typed number to its nearest notch, which is not to be taken back."""
        if abs(math.log10(change["new"] / self.lr.value)) > STEP / 2:
            self.lr.value = float(f"{change['new']:.3g}")

    def _follow_recipe(self, change: dict) -> None:
        """Another data set: what was still as its recipe says follows the new one's recipe."""
        if self.dataset.relabelling or change["new"] == self._recipe.dataset:
            return
        before, after = asdict(self._recipe), asdict(recipe(change["new"]))
        now = asdict(self.values())
        self._set({name: after[name] for name in after if now[name] == before[name]})
        self._recipe = recipe(change["new"])
        self._mark_standardize()

    def _set(self, values: dict) -> None:
        for name, value in values.items():
            getattr(self, name).value = value

    def _mark_standardize(self) -> None:
        only_standardized = data_set(self.dataset.value).always_standardized
        self.standardize.disabled = only_standardized
        self.standardize.value = self.standardize.value or only_standardized


def _first() -> str:
    wanted = os.environ.get("LENET_DATASET") or "auto"
    if wanted != "auto":
        return data_set(wanted).name
    return next(name for name, place in datasets_at_hand().items() if place)


def _devices() -> list[str]:
    return list(dict.fromkeys([try_gpu().type, "cpu"]))
