"""No modulator: depression at the rate of potentiation."""

from dataclasses import dataclass

import numpy as np

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.plasticity.modulator import Modulator


@dataclass(frozen=True)
class Constant(Modulator):
    """A rate of depression that no activity changes.

    Args:
        rate: of depression, that of potentiation if None; it fades as that does.

    Raises:
        ValueError: the rate is negative.

    >>> Constant().start(0.15)
    array([0.15])
    """

    rate: float | None = None

    def __post_init__(self) -> None:
        if self.rate is not None:
            checks.number("Constant", "rate", self.rate, 0.0)

    def start(self, potentiation: float) -> Float64Array:
        """The rate."""
        return np.array([potentiation if self.rate is None else self.rate])

    def parameters(self) -> Float64Array:
        """Nothing."""
        return np.zeros(0)

    @staticmethod
    def step(
        state: Float64Array, parameters: Float64Array, liquid: int, inputs: int, scale: float
    ) -> None:
        """Leave the rate as it is."""
