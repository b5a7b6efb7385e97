"""Helpers behind the LeNet lessons: data, networks, training, live plots, words.

What would distract from a lesson stands here. Importing the package starts, downloads and draws
nothing; each name loads its module when it is first used, so that a lesson pays for what it uses.
"""

from importlib import import_module

_MODULES = {
    "checkpoints": ("Checkpoints", "moments"),
    "checks": ("DivergedError", "NoMemoryError"),
    "cores": ("on_free_cores",),
    "data.batches": ("BatchIterator", "load_data"),
    "data.files": ("AnotherDataSetError", "DamagedFileError", "DataUnavailableError"),
    "data.places": ("datasets_at_hand",),
    "figures": ("Picture", "image_grid"),
    "language": ("LanguageSwitch",),
    "live_plot": ("LiveAnimator",),
    "devices": ("try_gpu",),
    "evaluation": ("evaluate_accuracy_gpu",),
    "models": ("lenet", "xavier"),
    "saving": ("SavedNetError", "load_net", "save_net"),
    "tracing": ("LayerRow", "ShapeTrace", "trace_shapes"),
    "training": ("Progress", "train"),
    "words": ("LessonError", "SettingError", "Words"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'lenet_helpers' has no attribute {name!r}")
    value = getattr(import_module(f"lenet_helpers.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
