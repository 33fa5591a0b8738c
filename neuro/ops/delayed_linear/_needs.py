"""Gradients that a backward pass of delayed synapses is asked for."""

from typing import NamedTuple


class Needs(NamedTuple):
    """Gradients that are wanted: of x, of the history, and of weights or delays."""

    x: bool
    history: bool
    taps: bool

    @property
    def series(self) -> bool:
        """Whether that of x or of the history is wanted, which come in one piece."""
        return self.x or self.history
