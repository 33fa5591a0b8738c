"""The definition of a saddle point: interaction, signal and crosstalk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from axonal.hebbian.theory.crosstalk import Crosstalk
from axonal.hebbian.theory.signal import Signal


@dataclass(frozen=True)
class SaddlePoint:
    """Interaction, signal and crosstalk, from which the saddle points of a memory follow.

    Args:
        P: order of the interaction, >= 2.
        signal: what a site sees of the retrieved pattern.
        crosstalk: noise from the others.
        condensed: how many patterns share the retrieved state, all with the overlap n.
    """

    P: int
    signal: Signal
    crosstalk: Crosstalk
    condensed: int = 1


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what points without a state divide by."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yield
