"""Crosstalk of pairwise couplings, where the patterns respond to the state."""

from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.hebbian.theory.averages import Averages


@dataclass(frozen=True)
class Reaction:
    """Pairwise couplings (P = 2), where the patterns respond to the state.

        s^2 = alpha q sum_k k^2 / (1 - k C)^2

    over the eigenvalues k of the Gram matrix of the examples of one pattern: k = 1 alone for
    stored patterns and for class means (Amit, Gutfreund, Sompolinsky, Phys. Rev. Lett. 55, 1985),
    and ``k = rho / (1 + rho)``, M - 1 times, besides for unsupervised examples.

    Args:
        small: the further eigenvalue, in [0, 1].
        copies: how often it occurs.

    >>> import numpy as np
    >>> float(Reaction().load(np.array(0.5), np.array(1.0), np.array(0.2)).round(6))
    0.16
    """

    small: float = 0.0
    copies: int = 0

    def _terms(self) -> tuple[tuple[float, int], ...]:
        return ((1.0, 1), (self.small, self.copies)) if self.copies and self.small else ((1.0, 1),)

    def variance(self, q: Float64Array, C: Float64Array) -> Float64Array:
        """s^2 per unit of load."""
        return q * self.amplification(C)

    def amplification(self, C: Float64Array) -> Float64Array:
        """``sum_k k^2 / (1 - k C)^2``."""
        total = np.zeros(())
        for k, copies in self._terms():
            total = total + copies * (k / (1 - k * C)) ** 2
        return total

    @property
    def bound(self) -> float:
        """Largest s^2 / load that q and C, with C = 0, allow."""
        return 1 + self.copies * self.small**2

    def load(self, s: Float64Array, q: Float64Array, C: Float64Array) -> Float64Array:
        """Load at which the crosstalk is s; negative beyond the singularity of the reaction."""
        # (1 - C)^2 is taken out, so that C = 1 gives zero and no division by it.
        rest = self.copies * (self.small * (1 - C) / (1 - self.small * np.minimum(C, 1))) ** 2
        return np.asarray(np.sign(1 - C) * s**2 * (1 - C) ** 2 / (q * (1 + rest)))

    def replicon(self, load: Float64Array, site: Averages, T: Float64Array) -> Float64Array:
        """``alpha sum_k k^2 / (1 - k C)^2 beta^2 <sech^4>``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(load > 0, load * self.amplification(site.C) * site.fourth / T, 0.0)

    def free_energy(
        self, load: Float64Array, s: Float64Array, site: Averages, T: Float64Array
    ) -> Float64Array:
        """``alpha/2 sum_k [T ln(1 - k C) - k q / (1 - k C)] + s^2 C / 2``."""
        total = np.zeros(())
        for k, copies in self._terms():
            gap = 1 - k * site.C
            with np.errstate(divide="ignore", invalid="ignore"):
                total = total + copies * (T * np.log1p(-k * site.C) - k * site.q / gap)
        return np.where(load > 0, load / 2 * total, 0.0) + s**2 * site.C / 2


def of_pairs(rho: float, examples: int, protocol: str) -> Reaction:
    """Crosstalk of P = 2 for class means (supervised) or for every example by itself.

    Args:
        rho: entropy of the data set, >= 0.
        examples: M >= 1.
        protocol: ``"supervised"`` or ``"unsupervised"``.

    >>> of_pairs(0.25, 5, "unsupervised")
    Reaction(small=0.2, copies=4)
    """
    if protocol == "supervised" or rho == 0:
        return Reaction()
    return Reaction(rho / (1 + rho), examples - 1)
