"""Dense memories: couplings of more than two spins."""

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonal.hebbian import _checks
from axonal.hebbian.models._data import DataSet
from axonal.hebbian.models._retrieval import RetrievalModel
from axonal.hebbian.theory import crosstalk, lines
from axonal.hebbian.theory.system import Solution

if TYPE_CHECKING:
    from axonal.hebbian.montecarlo import Measurement

Array = NDArray[np.float64]

INTERACTIONS = ("distinct", "overlap")


@dataclass(frozen=True)
class DenseHopfield(RetrievalModel):
    """Associative memory with couplings of P spins and ``gamma = (P-1)! K / N^(P-1)``.

        distinct  H = -((P-1)! / N^(P-1)) sum_mu e_P(xi^mu s)  over P different sites (Gardner)
        overlap   H = -(N / P) sum_mu m_mu^P                   (Krotov, Hopfield)

    Both have the same signal but, near saturation, different crosstalk; never compare one with the
    theory of the other. P = 2 is the Hopfield model. Replica-symmetric: at low temperature the
    spinodal lies where that is unstable (see ``stable``), the capacities at T = 0 included, and the
    glass of P >= 3 breaks replica symmetry in one step, so that T_c is indicative only.

    Args:
        P: order of the interaction, >= 2.
        interaction: ``"distinct"`` or ``"overlap"``.
        quality: r in (0, 1], as for :class:`Hopfield`.
        examples: M >= 1 a pattern; None for clean patterns.
        protocol: ``"supervised"`` or ``"unsupervised"``.
        noise: ``"binomial"``, exact for every M, or ``"gaussian"``, the limit of many examples.

    Raises:
        ValueError: for values outside these ranges.

    >>> memory = DenseHopfield(4)
    >>> print(f"{memory.gamma_M(0.0):.8f}")
    0.19786012
    >>> memory.theory(gamma=0.1, T=0.2).m.round(4)
    np.float64(0.9927)
    """

    P: int
    interaction: str = "distinct"
    quality: float = 1.0
    examples: int | None = None
    protocol: str = "supervised"
    noise: str = "binomial"

    load_name: ClassVar[str] = "gamma"

    def __post_init__(self) -> None:
        _checks.whole("DenseHopfield", "P", self.P, 2)
        _checks.one_of("DenseHopfield", "interaction", self.interaction, INTERACTIONS)
        self._data().check("DenseHopfield")

    def _crosstalk(self, data: DataSet) -> crosstalk.Crosstalk:
        if self.P == 2:
            return crosstalk.of_pairs(data.rho, data.examples or 1, data.protocol)
        kinds = {"distinct": crosstalk.distinct, "overlap": crosstalk.overlap}
        clean = kinds[self.interaction](self.P)
        if data.protocol == "supervised" or data.examples is None:
            return clean
        return crosstalk.of_examples(clean, data.quality, data.examples)

    def theory(self, gamma: ArrayLike, T: ArrayLike, phase: str = "retrieval") -> Solution:
        """The replica-symmetric state of a phase.

        Args:
            gamma: load ``(P-1)! K / N^(P-1)``, >= 0; broadcasts with T.
            T: temperature, >= 0.
            phase: ``"retrieval"``, ``"spin-glass"`` (the root with the largest q) or
                ``"paramagnet"`` (q = 0; for overlaps with odd P, whose crosstalk holds a frozen
                field, the root with the smallest q).

        Returns:
            Arrays m, n, q, r, f, replicon, and whether the state exists and is stable.

        Raises:
            ValueError: for a load or temperature below zero, or an unknown phase.
        """
        return self._state(gamma, T, phase)

    def simulate(self, gamma: float, T: float, *, N: int, **settings: Any) -> "Measurement":
        """Monte Carlo of the same model; examples are drawn one by one, whatever ``noise`` is.

        Args:
            gamma: load ``(P-1)! K / N^(P-1)``.
            T: temperature, >= 0.
            N: sites.
            settings: of :func:`axonal.hebbian.montecarlo.dense`: samples, sweeps, seed, ...

        >>> memory = DenseHopfield(3)
        >>> found = memory.simulate(0.05, 0.3, N=200, samples=4, sweeps=50, warmup=20)
        >>> bool(abs(found.overlap - memory.theory(0.05, 0.3).m) < 0.03)
        True
        """
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian import montecarlo

        settings = {"gamma": gamma, "T": T, **self._learned(), **settings}
        return montecarlo.dense(N, self.P, interaction=self.interaction, **settings)

    def gamma_M(self, T: ArrayLike) -> Array:
        """Load above which nothing is retrieved at temperature T; 0 where nothing ever is."""
        return lines.spinodal_load(self._system(), *self._numbers("gamma_M", T=T))

    def gamma_c(self, T: ArrayLike) -> Array:
        """Load below which retrieval has a smaller free energy than the paramagnet."""
        return lines.coexistence_load(self._system(), *self._numbers("gamma_c", T=T))

    def patterns(self, gamma: ArrayLike, N: int) -> Array:
        """Number of patterns K at a load, ``gamma N^(P-1) / (P-1)!``."""
        _checks.whole("DenseHopfield.patterns", "N", N, self.P)
        (gamma,) = self._numbers("patterns", gamma=gamma)
        return gamma * float(N) ** (self.P - 1) / factorial(self.P - 1)
