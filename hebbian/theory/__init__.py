"""Replica-symmetric theory: states, lines between phases, learning thresholds."""

from axonal.hebbian.theory.multitasking import MultitaskingSolution
from axonal.hebbian.theory.system import Solution

__all__ = ["MultitaskingSolution", "Solution"]
