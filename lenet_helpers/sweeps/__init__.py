"""Grids of experiments: run, kept in a file, and drawn."""
