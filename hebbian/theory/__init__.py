"""Replica-symmetric theory: states, lines between phases, learning thresholds."""

from axonal.hebbian.theory.system import Solution

__all__ = ["Solution"]
