"""Replica-symmetric theory: states, lines between phases, learning thresholds."""

from axonal.hebbian.theory._solution import Solution
from axonal.hebbian.theory.multitasking import MultitaskingSolution

__all__ = ["MultitaskingSolution", "Solution"]
