"""The panels: widgets over the rest of the package. They compute nothing themselves."""

from importlib import import_module

_HOME = {
    "MistakesPanel": "panels.mistakes_panel",
    "NetworkView": "network_view.widget",
    "TrainingPanel": "panels.training_panel",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'lenet_helpers.panels' has no attribute {name!r}")
    return getattr(import_module(f"lenet_helpers.{_HOME[name]}"), name)
