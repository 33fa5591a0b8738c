"""Graphs in the arithmetic of a chip, and training with it."""
