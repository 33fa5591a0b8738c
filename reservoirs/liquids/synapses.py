"""Time courses of the current that a spike causes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base import checks
from axonal._base.array_types import Float64Array


@dataclass(frozen=True)
class Exponential:
    """A current that every spike adds its weight to and that decays.

        I_t = exp(-1 / τ) · I_{t-1} + Σ w · s

    Args:
        tau: time constant in steps, > 0; 0 for a current of one step.

    Raises:
        ValueError: tau is negative.

    >>> Exponential(5.0).decays.round(3).tolist()
    [0.819]
    """

    tau: float = 5.0

    def __post_init__(self) -> None:
        checks.number("Exponential", "tau", self.tau, 0.0)

    @property
    def decays(self) -> Float64Array:
        """Current kept per step, by kind of synapse `[C]`."""
        return np.array([np.exp(-1.0 / self.tau) if self.tau > 0 else 0.0])

    @property
    def gains(self) -> Float64Array:
        """Current per weight at a spike, by kind of synapse `[C]`."""
        return np.ones(1)

    def kinds(self, post: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Kind of each synapse, by its target."""
        return np.zeros(len(post), np.int64)


@dataclass(frozen=True, eq=False)
class LastSpike:
    """A current that only the latest spike of a source determines.

        I_t = Σ w · exp(-Δ / τ) / τ,   Δ the steps since that spike

    A spike that follows soon replaces what is left of the one before. The synapses of Ivanov and
    Michmizos (2021, arXiv 2111.01760).

    Args:
        tau: time constant in steps, > 0: one number, or one for each neuron that receives `[n]`.

    Raises:
        ValueError: a time constant is not a finite number > 0.

    >>> LastSpike(np.array([1.0, 2.0, 1.0])).gains.tolist()
    [1.0, 0.5]
    """

    tau: float | Float64Array = 1.0

    def __post_init__(self) -> None:
        values = np.asarray(self.tau, np.float64)
        if values.ndim > 1 or not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"LastSpike expects tau as finite steps > 0, got {self.tau!r}.")

    @property
    def _values(self) -> Float64Array:
        return np.unique(np.asarray(self.tau, np.float64))

    @property
    def decays(self) -> Float64Array:
        """Current kept per step, by kind of synapse `[C]`."""
        decays: Float64Array = np.exp(-1.0 / self._values)
        return decays

    @property
    def gains(self) -> Float64Array:
        """Current per weight at a spike, by kind of synapse `[C]`."""
        return 1.0 / self._values

    def kinds(self, post: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Kind of each synapse, by its target."""
        each = np.asarray(self.tau, np.float64)
        values = np.broadcast_to(each, len(post)) if each.ndim == 0 else each[post]
        return np.searchsorted(self._values, values)
