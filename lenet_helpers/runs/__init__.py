"""The panel that trains with other settings, the runs that it keeps, their table and curves.

A learning rate goes one way: from a control to `Settings`, which do not change; a `Run` keeps those
of each press of Train or Continue; `Training` hands `train` the newest. A new control is a field of
`Settings`, an entry of ``controls.CONTROLS`` (label, widget, column) and its use in ``training``.
"""

from lenet_helpers.runs.again import TrainAgain
from lenet_helpers.runs.curves import compare_runs
from lenet_helpers.runs.panel import TrainingPanel

__all__ = ["TrainAgain", "TrainingPanel", "compare_runs"]
