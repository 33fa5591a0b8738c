"""An astrocyte, which holds a liquid near the activity of its input."""

from dataclasses import dataclass

import numpy as np

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.plasticity.modulator import Modulator


@dataclass(frozen=True, kw_only=True)
class Astrocyte(Modulator):
    """Slow integration of liquid against input activity, which sets the rate of depression.

        A ← A + (w · (N_liquid - N_input) + b - A) / τ

    per step, with the spikes that the watched neurons of liquid and input fired in it; w and b fade
    with all other rates. A liquid more active than its input raises depression, and its weights
    shrink; one less active lowers it. At a constant difference r the state tends to w · r + b, by
    the factor 1 - 1 / τ per step. It may become negative. Equation of Ivanov and Michmizos (2021,
    arXiv 2111.01760).

    Args:
        strength: weight w of a spike; they take 0.015 for 1000 neurons and 0.0075 for 8000.
        tau: time constant τ in steps, >= 1.
        baseline: b and first value of A, the rate of potentiation if None.
        connected: share of neurons that are watched, in (0, 1].

    Raises:
        ValueError: an argument is out of its range.

    >>> state = Astrocyte().start(0.15)
    >>> Astrocyte.step(state, Astrocyte().parameters(), 30, 10, 1.0)
    >>> round(float(state[0]), 4)
    0.153
    """

    strength: float = 0.015
    tau: float = 100.0
    baseline: float | None = None
    connected: float = 1.0

    def __post_init__(self) -> None:
        checks.number("Astrocyte", "strength", self.strength)
        checks.number("Astrocyte", "tau", self.tau, 1.0)
        if self.baseline is not None:
            checks.number("Astrocyte", "baseline", self.baseline)
        checks.number("Astrocyte", "connected", self.connected, 0.0, 1.0, open_low=True)

    def start(self, potentiation: float) -> Float64Array:
        """A and the baseline, before the first step."""
        rest = potentiation if self.baseline is None else self.baseline
        return np.array([rest, rest])

    def parameters(self) -> Float64Array:
        """Strength and time constant."""
        return np.array([self.strength, self.tau])

    @staticmethod
    def step(
        state: Float64Array, parameters: Float64Array, liquid: int, inputs: int, scale: float
    ) -> None:
        """One step of A."""
        goal = parameters[0] * (liquid - inputs) + state[1]
        state[0] += (scale * goal - state[0]) / parameters[1]

    @property
    def density(self) -> float:
        """Share of neurons that are watched."""
        return self.connected
