"""The panels: widgets over the rest of the package. They compute nothing themselves."""

from lenet_helpers.panels.digit_pad import DigitPad
from lenet_helpers.panels.layer_explorer import LayerExplorer
from lenet_helpers.panels.mistakes_panel import MistakesPanel
from lenet_helpers.panels.training_panel import TrainingPanel

__all__ = ["DigitPad", "LayerExplorer", "MistakesPanel", "TrainingPanel"]
