"""The settings of a training run as widgets."""

from __future__ import annotations

import os
from dataclasses import asdict

import ipywidgets as widgets
import traitlets

from lenet_helpers.datasets import DATA_SETS, data_set
from lenet_helpers.language import say
from lenet_helpers.models import ACTIVATIONS, POOLINGS, try_gpu
from lenet_helpers.panels.common import Choice
from lenet_helpers.rerun import recipe
from lenet_helpers.runs import Settings
from lenet_helpers.sources import datasets_at_hand
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
STYLE = """<style>
.lenet-settings { display: grid; grid-template-columns: repeat(auto-fit, minmax(24em, 1fr));
  gap: 2px 24px; }
.lenet-settings .widget-label { white-space: nowrap; }
</style>"""


class SettingControls(widgets.VBox):
    """A widget for each field of `Settings`, by the same name; `values` reads them all.

    The slider of the learning rate is logarithmic; a box beside each slider takes typed numbers.
    The digits are always standardised, as `load_data` has it.

    Args:
        dataset: the one to begin with; by default what ``LENET_DATASET`` names, or else the first
            that is at hand.
    """

    def __init__(self, dataset: str | None = None) -> None:
        self.initial = recipe(data_set(dataset).name if dataset else _first_dataset())
        self.lr = widgets.FloatLogSlider(min=-3, max=1, step=0.05, readout=False)
        self.epochs = widgets.IntSlider(min=1, max=50, readout=False)
        self.lr_box = widgets.BoundedFloatText(min=0.001, max=10, step=None)
        self.epochs_box = widgets.BoundedIntText(min=1, max=50)
        self.batch_size = widgets.BoundedIntText(min=1, max=10_000)
        self.seed = widgets.BoundedIntText(min=0, max=LARGEST_SEED)
        self.dataset = Choice({name: known.title for name, known in DATA_SETS.items()})
        self.activation = Choice({name: Words(name, name) for name in ACTIVATIONS})
        self.pooling = Choice({name: POOLING_WORDS[name] for name in POOLINGS})
        self.device = Choice({name: DEVICE_WORDS[name] for name in _devices()})
        self.standardize = widgets.Checkbox(indent=False)
        self._recipe = self.initial
        self.reset()
        self._connect()
        columns = [
            self.lr_box, self.dataset, self.lr, self.activation, self.epochs_box, self.pooling,
            self.epochs, self.standardize, self.batch_size, self.device, self.seed,
        ]  # fmt: skip
        grid = widgets.Box(columns)
        grid.add_class("lenet-settings")
        super().__init__([grid, widgets.HTML(STYLE)])

    def values(self) -> Settings:
        """The settings as they are now."""
        return Settings(**{name: getattr(self, name).value for name in LABELS})

    def reset(self) -> None:
        """Put all settings back to the initial ones."""
        self._set(asdict(self.initial))
        self._recipe = self.initial
        self._mark_standardize()

    def _connect(self) -> None:
        traitlets.link((self.lr, "value"), (self.lr_box, "value"))
        traitlets.link((self.epochs, "value"), (self.epochs_box, "value"))
        self.dataset.observe(self._follow_recipe, "value")
        boxes = {**LABELS, "lr_box": LABELS["lr"], "epochs_box": LABELS["epochs"]}
        for name, words in boxes.items():
            say(getattr(self, name), "description", words)
            getattr(self, name).style.description_width = "11em"

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
        only_standardized = self.dataset.value == "digits"
        self.standardize.disabled = only_standardized
        self.standardize.value = self.standardize.value or only_standardized


def _first_dataset() -> str:
    wanted = os.environ.get("LENET_DATASET") or "auto"
    if wanted != "auto":
        return data_set(wanted).name
    return next(name for name, place in datasets_at_hand().items() if place)


def _devices() -> list[str]:
    return list(dict.fromkeys([try_gpu().type, "cpu"]))
