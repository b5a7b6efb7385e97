"""Helpers behind the LeNet lessons: data, networks, training, live plots, words.

What the lessons are about stands in the notebooks; what would distract from it stands here.
Importing this package starts nothing, downloads nothing and draws nothing.
"""

from lenet_helpers.checks import DivergedError, NoMemoryError
from lenet_helpers.data import BatchIterator, load_data
from lenet_helpers.download import DataUnavailableError
from lenet_helpers.figures import Picture, image_grid
from lenet_helpers.idx import DamagedFileError
from lenet_helpers.language import LanguageSwitch
from lenet_helpers.live_plot import LiveAnimator
from lenet_helpers.models import lenet, try_gpu
from lenet_helpers.saving import SavedNetError, load_net, save_net
from lenet_helpers.sources import datasets_at_hand
from lenet_helpers.tracing import LayerRow, ShapeTrace, trace_shapes
from lenet_helpers.training import Progress, evaluate_accuracy_gpu, train
from lenet_helpers.words import LessonError, SettingError, Words

__all__ = [
    "BatchIterator",
    "DamagedFileError",
    "DataUnavailableError",
    "DivergedError",
    "LanguageSwitch",
    "LayerRow",
    "LessonError",
    "LiveAnimator",
    "NoMemoryError",
    "Picture",
    "Progress",
    "SavedNetError",
    "SettingError",
    "ShapeTrace",
    "Words",
    "datasets_at_hand",
    "evaluate_accuracy_gpu",
    "image_grid",
    "lenet",
    "load_data",
    "load_net",
    "save_net",
    "trace_shapes",
    "train",
    "try_gpu",
]
