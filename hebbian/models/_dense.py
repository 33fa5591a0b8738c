"""Dense memories: couplings of more than two spins."""

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array
from axonal._base.checks import one_of, whole_number
from axonal.hebbian.models._examples import Examples
from axonal.hebbian.models._learned_memory import LearnedMemory
from axonal.hebbian.models._replica_model import ReplicaModel
from axonal.hebbian.theory import crosstalk, phase_boundaries, states
from axonal.hebbian.theory._solution import Solution
from axonal.hebbian.theory.reaction import of_pairs

if TYPE_CHECKING:
    from axonal.hebbian.montecarlo import Measurement


INTERACTIONS = ("distinct", "overlap")

MOST_SPINS = 100
"""Order of the interaction up to which loads and numbers of patterns can be told."""


@dataclass(frozen=True, init=False, repr=False)
class DenseHopfield(ReplicaModel):
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
        quality: r in (0, 1], as for :class:`Hopfield`, and so all that follow.
        examples: M >= 1 per pattern; None for clean patterns.
        protocol: ``"supervised"`` or ``"unsupervised"``.
        noise: ``"binomial"`` or ``"gaussian"``.
        rho: entropy of the data set, >= 0, instead of quality and examples.

    Raises:
        ValueError: for values outside these ranges.

    >>> memory = DenseHopfield(4)
    >>> print(f"{memory.gamma_M(0.0):.8f}")
    0.19786012
    >>> memory.theory(gamma=0.1, T=0.2).m.round(4)
    np.float64(0.9927)
    """

    # Behind what is inherited in the order of fields, first in the constructor below.
    P: int  # type: ignore[misc]
    interaction: str = "distinct"
    __match_args__ = ("P", "interaction", *LearnedMemory.__match_args__)

    load_name: ClassVar[str] = "gamma"

    def __init__(
        self,
        P: int,
        interaction: str = "distinct",
        quality: float = 1.0,
        examples: int | None = None,
        protocol: str = "supervised",
        noise: str = "binomial",
        *,
        rho: float | None = None,
        entropy: float | None = None,
    ) -> None:
        whole_number("DenseHopfield", "P", P, 2)
        if P > MOST_SPINS:
            raise ValueError(
                f"DenseHopfield expects couplings of P <= {MOST_SPINS} spins, got {P}: the load of"
                " more patterns than a number can hold has no meaning."
            )
        one_of("DenseHopfield", "interaction", interaction, INTERACTIONS)
        object.__setattr__(self, "P", P)
        object.__setattr__(self, "interaction", interaction)
        super().__init__(quality, examples, protocol, noise, rho=rho, entropy=entropy)

    def _crosstalk(self, data: Examples) -> crosstalk.Crosstalk:
        if self.P == 2:
            return of_pairs(data.rho, data.examples or 1, data.protocol)
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
            phase: ``"retrieval"``, ``"low-overlap"`` (see :meth:`gamma_low`), ``"spin-glass"`` (the
                root with the largest q) or ``"paramagnet"`` (q = 0; for overlaps with odd P, whose
                crosstalk holds a frozen field, the root with the smallest q).

        Returns:
            Arrays m, n, q, r, f, replicon, whether the state exists, whether replica symmetry is
            stable there, and whether the free energy is least over n and largest over q (minmax).

        Raises:
            ValueError: for a load or temperature below zero, or an unknown phase.
        """
        return self._state(gamma, T, phase)

    def simulate(
        self, gamma: float | None = None, T: float | None = None, *, N: int, **settings: Any
    ) -> "Measurement":
        """Monte Carlo of the same model at a load gamma; see :meth:`Hopfield.simulate`.

        ``settings`` are those of :func:`axonal.hebbian.montecarlo.dense`.

        >>> memory = DenseHopfield(3)
        >>> measured = memory.simulate(0.05, 0.3, N=200, samples=4, sweeps=50, warmup=20)
        >>> bool(abs(measured.overlap - memory.theory(0.05, 0.3).m) < 0.03)
        True
        >>> memory.simulate(T=0.3, N=200, K=1000, samples=2, sweeps=20).survival
        1.0
        """
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian import montecarlo

        settings = {**self._simulated(gamma, T), **settings}
        return montecarlo.dense(N, self.P, interaction=self.interaction, **settings)

    def gamma_M(self, T: ArrayLike) -> Float64Array:
        """Load at which the branch of the pattern ends; 0 where T is too high for any load.

        From zero load on, the state with the largest overlap follows the load without a jump up to
        a fold: above it the overlap is lost. Noise in the examples lowers the fold, and where there
        is a branch of low overlap (see :meth:`gamma_low`) enough noise makes it vanish: the
        overlap then falls into that branch without a jump. There gamma_M stays at the load at which
        the fold vanished as the noise grew, or is the end of the whole branch where that is
        smaller. So in the limit of many examples it never rises with rho, nor falls by a jump. Very
        few examples are no small Gaussian crowd: a single one is retrieved as a pattern of its own.

        Args:
            T: temperature, >= 0.

        >>> noisy = [DenseHopfield(4, rho=rho) for rho in (0.2, 5, 8)]
        >>> [round(float(memory.gamma_M(0.1)), 6) for memory in noisy]
        [0.128671, 0.076196, 0.075872]
        """
        return phase_boundaries.spinodal_load(self._system(), *self._numbers("gamma_M", T=T))

    def gamma_low(self, T: ArrayLike) -> Float64Array:
        """Largest load of the branch of low overlap, P >= 3; 0 where there is none.

        At low temperature the states at one temperature have two folds: behind that of the pattern
        a second branch begins, ``theory(gamma, T, "low-overlap")``, of small overlap, on which the
        sites are hardly frozen; most of it lies where replica symmetry is unstable. Where noise has
        made the fold of the pattern vanish it begins at :meth:`gamma_M`, where that branch is cut.

        Args:
            T: temperature, >= 0.

        >>> memory = DenseHopfield(4, rho=10)
        >>> print(f"{memory.gamma_low(0.1):.6f}")
        0.140571
        """
        (T,) = self._numbers("gamma_low", T=T)
        return np.zeros(T.shape) if self.P == 2 else states.low_overlap_load(self._system(), T)

    def gamma_c(self, T: ArrayLike) -> Float64Array:
        """Load below which retrieval has a smaller free energy than the paramagnet."""
        return phase_boundaries.coexistence_load(self._system(), *self._numbers("gamma_c", T=T))

    def patterns(self, gamma: ArrayLike, N: int) -> Float64Array:
        """Number of patterns K at a load, ``gamma N^(P-1) / (P-1)!``."""
        whole_number("DenseHopfield.patterns", "N", N, self.P)
        (gamma,) = self._numbers("patterns", gamma=gamma)
        return gamma * float(N) ** (self.P - 1) / factorial(self.P - 1)
