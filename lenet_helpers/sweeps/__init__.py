"""Grids of experiments: settings in, a table that is kept on disk out, and its plots."""

from lenet_helpers.sweeps.experiments import train_lenet
from lenet_helpers.sweeps.grid import sweep
from lenet_helpers.sweeps.plots import heat_map, spread_curves

__all__ = ["heat_map", "spread_curves", "sweep", "train_lenet"]
