"""Associative memories under the parameters that theory and simulation share."""

from axonal.hebbian.models._dense import DenseHopfield
from axonal.hebbian.models._hopfield import Hopfield

__all__ = ["DenseHopfield", "Hopfield"]
