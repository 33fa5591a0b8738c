"""Associative memories: their models, their theory and their phase diagrams."""

from axonal.hebbian.models import (
    DenseHopfield,
    ExponentialMemory,
    ExponentialSolution,
    Hopfield,
    MultitaskingHopfield,
)
from axonal.hebbian.theory import MultitaskingSolution, Solution

__all__ = [
    "DenseHopfield",
    "ExponentialMemory",
    "ExponentialSolution",
    "Hopfield",
    "MultitaskingHopfield",
    "MultitaskingSolution",
    "Solution",
]
