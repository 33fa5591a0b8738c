"""The memory of exponentially many patterns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import BoolArray, Float64Array
from axonal._base.checks import not_negative, one_of
from axonal.hebbian.theory import exponential

if TYPE_CHECKING:
    from axonal.hebbian.montecarlo import Retrieval


@dataclass(frozen=True)
class ExponentialSolution:
    """State of a pattern against exponentially many others, arrays of one shape.

    Args:
        noise: exponent Phi of what the other patterns add.
        basin: overlap with a pattern from which on one step retrieves it, Phi / lambda; above 1 no
            pattern is stable.
        exists: whether a typical pattern is a fixed point.
        condensed: whether the noise is that of the closest pattern alone.

    >>> from axonal.hebbian import ExponentialMemory
    >>> state = ExponentialMemory().theory(alpha=[0.25, 0.6], lam=1.0)
    >>> state.basin.round(2), state.exists
    (array([0.68, 1.03]), array([ True, False]))
    """

    noise: Float64Array
    basin: Float64Array
    exists: BoolArray
    condensed: BoolArray


@dataclass(frozen=True)
class ExponentialMemory:
    """Associative memory of K = exp(alpha N) patterns with the energy of a log-sum-exp.

        E(s) = -(1 / lambda) ln sum_mu exp(lambda xi^mu . s)

    Lucibello, Mezard, Phys. Rev. Lett. 132, 2024. lambda plays the part of an inverse temperature.

    Args:
        thresholds: units of patterns and states, ``"binary"`` signs or ``"spherical"`` vectors.

    Raises:
        ValueError: for other units.

    >>> memory = ExponentialMemory("binary")
    >>> memory.alpha_1(lam=1.0).round(6)  # lambda - ln cosh lambda
    np.float64(0.566219)
    >>> memory.alpha_basin(lam=2.0, start=0.8).round(6)
    np.float64(0.368064)
    """

    thresholds: str = "binary"

    load_name: ClassVar[str] = "alpha"

    def __post_init__(self) -> None:
        one_of("ExponentialMemory", "thresholds", self.thresholds, exponential.KINDS)

    def _numbers(self, method: str, **values: ArrayLike) -> list[Float64Array]:
        where = f"ExponentialMemory.{method}"
        numbers = [not_negative(where, name, value) for name, value in values.items()]
        if "lam" in values and (numbers[-1] == 0).any():
            raise ValueError(f"{where} expects lam > 0, got 0.")
        return [np.asarray(a) for a in np.broadcast_arrays(*numbers)]

    def theory(self, alpha: ArrayLike, lam: ArrayLike) -> ExponentialSolution:
        """Noise, basin and stability of typical patterns.

        Args:
            alpha: load ``ln K / N``, >= 0; broadcasts with lam.
            lam: sharpness lambda, > 0.

        Raises:
            ValueError: for values outside these ranges.
        """
        alpha, lam = self._numbers("theory", alpha=alpha, lam=lam)
        phi = exponential.noise(alpha, lam, self.thresholds)
        condensed = alpha < exponential.condensation_load(lam, self.thresholds)
        return ExponentialSolution(phi, phi / lam, phi <= lam, condensed)

    def simulate(
        self, alpha: float, lam: float, *, N: int, start: float, **settings: Any
    ) -> "Retrieval":
        """One update of a state near a pattern, in a network of N units.

        Args:
            alpha: load ``ln K / N``.
            lam: sharpness lambda, > 0.
            N: units.
            start: overlap of the state with the pattern.
            settings: of :func:`axonal.hebbian.montecarlo.exponential`: samples, seed.
        """
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian import montecarlo

        return montecarlo.exponential(
            N, alpha=alpha, lam=lam, m0=start, thresholds=self.thresholds, **settings
        )

    def alpha_1(self, lam: ArrayLike) -> Float64Array:
        """Load up to which a typical pattern is a fixed point."""
        (lam,) = self._numbers("alpha_1", lam=lam)
        return exponential.basin_load(lam, np.ones(lam.shape), self.thresholds)

    def alpha_basin(self, lam: ArrayLike, start: ArrayLike) -> Float64Array:
        """Load up to which one step from an overlap in [0, 1] retrieves the pattern."""
        start, lam = self._numbers("alpha_basin", start=start, lam=lam)
        if (start > 1).any():
            raise ValueError(
                f"ExponentialMemory.alpha_basin expects start in [0, 1], got {start.max():g}."
            )
        return exponential.basin_load(lam, start, self.thresholds)

    def alpha_condensed(self, lam: ArrayLike) -> Float64Array:
        """Load below which the noise is that of the closest pattern alone."""
        (lam,) = self._numbers("alpha_condensed", lam=lam)
        return exponential.condensation_load(lam, self.thresholds)
