"""Associative memories: their models, their theory and their phase diagrams."""

from axonal.hebbian.models import DenseHopfield, Hopfield
from axonal.hebbian.theory import Solution

__all__ = ["DenseHopfield", "Hopfield", "Solution"]
