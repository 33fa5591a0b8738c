"""What a site sees of the pattern that is retrieved."""

from typing import Protocol

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory.averages import Averages


class Signal(Protocol):
    """Signal of the retrieved pattern at a site."""

    def averages(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Averages:
        """Averages over sites with the field ``w zeta + s z``."""
        ...

    def overlap(self, w: Float64Array, s: Float64Array, T: Float64Array) -> Float64Array:
        """The first of the averages, n, alone."""
        ...

    @property
    def entropy(self) -> float:
        """Entropy of what is retrieved, 0 without noise."""
        ...

    def at_entropy(self, rho: float) -> "Signal":
        """The same kind of noise, of as many examples, with another entropy."""
        ...
