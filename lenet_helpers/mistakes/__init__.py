"""What a network gets wrong: the panel over its confusion matrix."""

from lenet_helpers.mistakes.panel import MistakesPanel

__all__ = ["MistakesPanel"]
