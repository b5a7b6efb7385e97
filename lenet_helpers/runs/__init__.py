"""Training runs: the panel that trains with other settings, its records, table and curves."""

from lenet_helpers.runs.again import TrainAgain
from lenet_helpers.runs.curves import compare_runs
from lenet_helpers.runs.training_panel import TrainingPanel

__all__ = ["TrainAgain", "TrainingPanel", "compare_runs"]
