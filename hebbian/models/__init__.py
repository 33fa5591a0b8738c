"""Associative memories under the parameters that theory and simulation share."""

from axonal.hebbian.models._dense import DenseHopfield
from axonal.hebbian.models._exponential import ExponentialMemory, ExponentialSolution
from axonal.hebbian.models._hopfield import Hopfield
from axonal.hebbian.models._multitasking import MultitaskingHopfield

__all__ = [
    "DenseHopfield",
    "ExponentialMemory",
    "ExponentialSolution",
    "Hopfield",
    "MultitaskingHopfield",
]
