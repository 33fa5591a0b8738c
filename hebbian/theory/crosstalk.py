"""Noise from the patterns that are not retrieved, as a function of the overlap of two replicas."""

from dataclasses import dataclass
from math import factorial
from typing import Protocol

import numpy as np

from axonal._base.array_types import Float64Array


class Crosstalk(Protocol):
    """Variance s^2 of the local field as a function of the load, q and C = beta (1 - q)."""

    @property
    def bound(self) -> float:
        """Largest s^2 / load that q and C, with C = 0, allow."""
        ...

    def load(self, s: Float64Array, q: Float64Array, C: Float64Array) -> Float64Array:
        """Load at which the crosstalk is s; negative beyond the singularity of the reaction."""
        ...

    def variance(self, q: Float64Array, C: Float64Array) -> Float64Array:
        """s^2 per unit of load."""
        ...

    def replicon(
        self,
        load: Float64Array,
        q: Float64Array,
        C: Float64Array,
        fourth: Float64Array,
        T: Float64Array,
    ) -> Float64Array:
        """``ds^2/dq beta^2 <sech^4>``: replica symmetry is stable below 1."""
        ...

    def free_energy(
        self, load: Float64Array, s: Float64Array, q: Float64Array, C: Float64Array, T: Float64Array
    ) -> Float64Array:
        """Contribution of the crosstalk to the free energy per spin."""
        ...


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

    def replicon(
        self,
        load: Float64Array,
        q: Float64Array,
        C: Float64Array,
        fourth: Float64Array,
        T: Float64Array,
    ) -> Float64Array:
        """``alpha sum_k k^2 / (1 - k C)^2 beta^2 <sech^4>``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(load > 0, load * self.amplification(C) * fourth / T, 0.0)

    def free_energy(
        self, load: Float64Array, s: Float64Array, q: Float64Array, C: Float64Array, T: Float64Array
    ) -> Float64Array:
        """``alpha/2 sum_k [T ln(1 - k C) - k q / (1 - k C)] + s^2 C / 2``."""
        total = np.zeros(())
        for k, copies in self._terms():
            gap = 1 - k * C
            with np.errstate(divide="ignore", invalid="ignore"):
                total = total + copies * (T * np.log1p(-k * C) - k * q / gap)
        return np.where(load > 0, load / 2 * total, 0.0) + s**2 * C / 2


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


@dataclass(frozen=True)
class _Polynomial:
    """Couplings of P >= 3 spins, where the noise has no reaction: ``s^2 = gamma kappa(q)``.

    ``gamma = (P-1)! K / N^(P-1)`` and ``kappa(q) = sum_k c_k q^k``; distinct indices give
    ``kappa = q^(P-1)`` (Gardner, J. Phys. A 20, 1987).

    Args:
        coefficients: c_0, c_1, ... c_(P-1).

    >>> import numpy as np
    >>> float(distinct(4).load(np.array(0.5), np.array(0.5), np.array(0.0)))
    2.0
    """

    coefficients: tuple[float, ...]

    def variance(self, q: Float64Array, C: Float64Array) -> Float64Array:
        """s^2 per unit of load, kappa(q)."""
        return np.asarray(np.polynomial.polynomial.polyval(q, np.array(self.coefficients)))

    @property
    def bound(self) -> float:
        """Largest s^2 / load that q and C, with C = 0, allow."""
        return sum(self.coefficients)

    def load(self, s: Float64Array, q: Float64Array, C: Float64Array) -> Float64Array:
        """Load at which the crosstalk is s."""
        return s**2 / self.variance(q, C)

    def replicon(
        self,
        load: Float64Array,
        q: Float64Array,
        C: Float64Array,
        fourth: Float64Array,
        T: Float64Array,
    ) -> Float64Array:
        """``gamma kappa'(q) beta^2 <sech^4>``."""
        slope = np.polynomial.polynomial.polyder(np.array(self.coefficients))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = load * np.polynomial.polynomial.polyval(q, slope) * fourth / T
        return np.where(load > 0, value, 0.0)

    def free_energy(
        self, load: Float64Array, s: Float64Array, q: Float64Array, C: Float64Array, T: Float64Array
    ) -> Float64Array:
        """``-gamma beta/2 [G(1) - G(q) - (1 - q) kappa(q)]``, G the integral of kappa.

        For ``kappa = q^(P-1)`` this is ``-(beta gamma / 2P) [1 - P q^(P-1) + (P-1) q^P]``.
        """
        # Written with (1 - q)^2 taken out: 1 - k q^(k-1) + (k-1) q^k = (1 - q)^2 (1 + 2 q + ...)
        total = np.zeros(())
        for k, c in enumerate(self.coefficients):
            total = total + c / (k + 1) * sum((j + 1) * q**j for j in range(k))
        return -load / 2 * T * C**2 * total


def distinct(P: int) -> _Polynomial:
    """Crosstalk of couplings over P distinct sites, ``kappa = q^(P-1)``.

    >>> distinct(3).coefficients
    (0.0, 0.0, 1.0)
    """
    return _Polynomial((0.0,) * (P - 1) + (1.0,))


def overlap(P: int) -> _Polynomial:
    """Crosstalk of the energy ``-(N/P) sum m^P``, whose power keeps lower Hermite orders.

    For x normal, ``x^(P-1) = sum_k a_k He_k`` and two replicas share ``a_k^2 k! q^k``; the
    coefficients are in units of (P-1)!, the share of distinct indices.

    >>> [6 * c for c in overlap(4).coefficients]
    [0.0, 9.0, 0.0, 6.0]
    """
    n = P - 1
    shares = [0.0] * (n + 1)
    for k in range(n, -1, -2):
        j = (n - k) // 2
        a = factorial(n) // (2**j * factorial(j) * factorial(k))
        shares[k] = a**2 * factorial(k) / factorial(n)
    return _Polynomial(tuple(shares))


def of_examples(clean: _Polynomial, quality: float, examples: int) -> _Polynomial:
    """Crosstalk when every example is stored by itself, in the units of the class means.

    Two examples of one pattern overlap by r^2, so
    ``c_k -> c_k [1 + (M - 1) r^(2 + 2 k)] / (M R^P)``; for distinct indices this is
    ``(1 + rho_P) / (1 + rho)^P`` with ``rho_P = (1 - r^2P) / (M r^2P)``.

    Args:
        clean: crosstalk of stored patterns.
        quality: r in (0, 1].
        examples: M >= 1.

    >>> of_examples(distinct(3), 0.5, 1).coefficients
    (0.0, 0.0, 1.0)
    """
    P = len(clean.coefficients)
    R = quality**2 + (1 - quality**2) / examples
    return _Polynomial(
        tuple(
            c * (1 + (examples - 1) * quality ** (2 + 2 * k)) / (examples * R**P)
            for k, c in enumerate(clean.coefficients)
        )
    )
