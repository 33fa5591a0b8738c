"""Linear decay with a known input, over one delay after the other."""

from typing import NamedTuple, Self

import numpy as np
from scipy.signal import lfilter

from axonal._base.array_types import Float64Array


class Delay(NamedTuple):
    """A variable over one delay, on a grid of M steps.

    Args:
        values: at the ends of the steps [M + 1].
        leaving: velocities at the start of each step [M].
        arriving: velocities at its end [M]; they differ from the next step's where those jump.
        step: h.
    """

    values: Float64Array
    leaving: Float64Array
    arriving: Float64Array
    step: float

    @classmethod
    def constant(cls, value: float, steps: int, step: float) -> Self:
        """A variable that stays as it is."""
        return cls(np.full(steps + 1, float(value)), np.zeros(steps), np.zeros(steps), step)

    def scaled(self, factor: float) -> Self:
        """The variable times a factor."""
        return self._replace(
            values=self.values * factor,
            leaving=self.leaving * factor,
            arriving=self.arriving * factor,
        )

    def points(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Values at the start, in the middle and at the end of each step, by cubic polynomials."""
        a, b = self.values[:-1], self.values[1:]
        return a, (a + b) / 2 + self.step / 8 * (self.leaving - self.arriving), b

    def followed(
        self, inputs: tuple[Float64Array, Float64Array, Float64Array], gamma: float
    ) -> Self:
        """The next delay of dx/dt = f(t) - gamma x, by Runge and Kutta's method of order 4.

        With g = h gamma it is x + h / 6 (k1 + 2 k2 + 2 k3 + k4) written out, in which x is linear.

        Args:
            inputs: f at the start, in the middle and at the end of each step [M].
            gamma: decay.
        """
        first, middle, last = inputs
        g = self.step * gamma
        kept = 1 - g + g**2 / 2 - g**3 / 6 + g**4 / 24
        added = (1 - g + g**2 / 2 - g**3 / 4) * first + (4 - 2 * g + g**2 / 2) * middle + last
        start = self.values[-1]
        moved = lfilter([1.0], [1.0, -kept], self.step / 6 * added, zi=[kept * start])[0]
        values = np.concatenate(([start], moved))
        leaving, arriving = first - gamma * values[:-1], last - gamma * values[1:]
        return self._replace(values=values, leaving=leaving, arriving=arriving)
