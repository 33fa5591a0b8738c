"""The common part of memories that retrieve one pattern at a time."""

import abc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array, Int64Array
from axonal._base.checks import not_negative, one_of
from axonal.hebbian.models._examples import Examples
from axonal.hebbian.models._learned_memory import LearnedMemory
from axonal.hebbian.models._phase_model import Named, PhaseModel
from axonal.hebbian.theory import learning_thresholds, phase_boundaries, spin_glass, states
from axonal.hebbian.theory._solution import Solution
from axonal.hebbian.theory.crosstalk import Crosstalk
from axonal.hebbian.theory.noisy_examples import entropy
from axonal.hebbian.theory.saddle_point import SaddlePoint

if TYPE_CHECKING:
    from axonal.hebbian.montecarlo import Measurement


PHASES = ("retrieval", "spin-glass", "paramagnet")
PHASE_CODES = "0 paramagnet, 1 spin glass, 2 retrieval metastable, 3 retrieval"
LOW_OVERLAP = "low-overlap"
"""Of couplings of more than two spins."""


class ReplicaModel(LearnedMemory, PhaseModel):
    """A memory whose states are the saddle points of one condensed pattern.

    Loads, called alpha or gamma in the models, and temperatures may be arrays; they broadcast.
    """

    load_name: ClassVar[str]
    quantities: ClassVar[tuple[str, ...]] = (
        "overlap",
        "overlap_error",
        "survival",
        "survival_error",
        "energy",
        "energy_error",
        "autocorrelation_time",
        "acceptance",
    )
    simulate: Callable[..., "Measurement"]
    """Monte Carlo of the same model at a load and a temperature"""

    P: int
    """order of the interaction"""

    @abc.abstractmethod
    def _crosstalk(self, data: Examples) -> Crosstalk:
        """Noise from patterns that are not retrieved."""

    def _system(self, data: Examples | None = None) -> SaddlePoint:
        data = data or self._data()
        return SaddlePoint(self.P, data.signal(), self._crosstalk(data))

    def _simulated(self, load: float | None, T: float | None) -> dict[str, Any]:
        """Parameters of a simulation under its own names."""
        where = f"{type(self).__name__}.simulate"
        if T is None:
            raise TypeError(f"{where} expects a temperature, T=0.3 for example.")
        point: dict[str, Any] = {self.load_name: load, "T": T}
        if self.noise == "gaussian" and self.protocol == "supervised" and not self._data().clean:
            return {**point, "rho": self.rho}
        learned = {"quality": self.quality, "examples": self.examples, "protocol": self.protocol}
        return {**point, **learned}

    def _numbers(self, method: str, **values: ArrayLike) -> list[Float64Array]:
        where = f"{type(self).__name__}.{method}"
        return [not_negative(where, name, value) for name, value in values.items()]

    def _state(self, load: ArrayLike, T: ArrayLike, phase: str) -> Solution:
        known = PHASES if self.P == 2 else (*PHASES, LOW_OVERLAP)
        one_of(f"{type(self).__name__}.theory", "phase", phase, known)
        load, T = self._numbers("theory", **{self.load_name: load, "T": T})
        if phase == LOW_OVERLAP:
            return states.low_overlap(self._system(), load, T)
        if phase == "retrieval":
            return states.retrieval(self._system(), load, T)
        return spin_glass.no_retrieval(self._system(), load, T, glassy=phase == "spin-glass")

    def T_M(self, load: ArrayLike) -> Float64Array:
        """Highest temperature with a retrieval state; nan above every load that has one."""
        numbers = self._numbers("T_M", **{self.load_name: load})
        return phase_boundaries.spinodal_temperature(self._system(), *numbers)

    def T_c(self, load: ArrayLike) -> Float64Array:
        """Highest temperature at which retrieval is the global minimum; nan where it never is."""
        numbers = self._numbers("T_c", **{self.load_name: load})
        return phase_boundaries.coexistence_temperature(self._system(), *numbers)

    def T_AT(self, load: ArrayLike) -> Float64Array:
        """Temperature below which replica symmetry is unstable in the retrieval phase."""
        numbers = self._numbers("T_AT", **{self.load_name: load})
        return phase_boundaries.stability_temperature(self._system(), *numbers)

    def load_M(self, T: ArrayLike) -> Float64Array:
        """Largest load with a retrieval state; 0 where T is too high for any."""
        return phase_boundaries.spinodal_load(self._system(), *self._numbers("load_M", T=T))

    def load_c(self, T: ArrayLike) -> Float64Array:
        """Load below which retrieval is the global minimum of the free energy; 0 if nowhere."""
        return phase_boundaries.coexistence_load(self._system(), *self._numbers("load_c", T=T))

    def states(self, load: Float64Array, T: Float64Array) -> Named:
        """The retrieval state at every point of a grid, nan where there is none, and the phase."""
        state = self._state(load[:, None], T, "retrieval")
        return {
            "m": (state.m, "overlap with the retrieved pattern"),
            "q": (state.q, "overlap of two replicas"),
            "r": (state.r, "crosstalk variance per unit of load"),
            "f": (state.f, "free energy per spin"),
            "replicon": (state.replicon, "below 1 where replica symmetry is stable"),
            "phase": (self.phases(load[:, None], T), PHASE_CODES),
        }

    def line_loads(self, load: Float64Array) -> Float64Array:
        """Loads dense at both ends of the range and of retrieval, where lines are vertical."""
        low, high = load.min(), load.max()
        top = self.load_M(self.line_temperatures()).max() * (1 - 1e-9)
        steps = (1 - np.cos(np.linspace(0, np.pi, self.line_points))) / 2
        ends = [high, top] if low < top < high else [high]
        return np.unique(np.concatenate([low + (end - low) * steps for end in ends]))

    def lines(self, load: Float64Array) -> Named:
        """Temperatures T_M, T_c and T_AT at some loads."""
        system = self._system()
        T_M = self.T_M(load)
        T_c = phase_boundaries.coexistence_temperature(system, load, T_M)
        T_AT = phase_boundaries.stability_temperature(system, load, T_M)
        return {
            "T_M": (T_M, "retrieval exists below"),
            "T_c": (T_c, "retrieval is the global minimum below"),
            "T_AT": (T_AT, "replica symmetry of retrieval is unstable below"),
        }

    def line_temperatures(self) -> Float64Array:
        """Temperatures from zero to where a single pattern is lost."""
        return np.linspace(0.0, float(self.T_M(0.0)), self.line_points)

    def turning_lines(self, T: Float64Array) -> Named:
        """The lines of T_M and T_c as loads, whole: at low temperature they turn back."""
        load_c = self.load_c(T)
        return {
            "load_M": (self.load_M(T), "retrieval exists below"),
            "load_c": (
                np.where(load_c > 0, load_c, np.nan),
                "retrieval is the global minimum below",
            ),
        }

    def check_size(self, N: int) -> None:
        """Refuse sizes whose overlaps are no exact integers any more."""
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian.montecarlo._dense import check_exact

        if self.P > 2:
            check_exact(N, self.P)

    def cell(self, load: float, T: float, seed: int, settings: dict[str, Any]) -> list[float]:
        """Means over the runs that kept their memory, and the fraction that did."""
        # Imported here, since the theory works without a compiler.
        from axonal.hebbian.montecarlo._hopfield import zero_load

        # At no load there is still the pattern that is retrieved.
        load = max(load, float(np.finfo(np.float64).tiny))
        if zero_load(T, self.P, self.rho) < 4 / np.sqrt(settings["N"]):
            # What is not retrieved at any load cannot be kept: above are fluctuations.
            settings = {"survive": 1.0, **settings}
        measured = self.simulate(load, T, seed=seed, **settings)
        time = float(measured.autocorrelation_times.mean())
        values = (getattr(measured, name) for name in self.quantities[:6])
        return [*map(float, values), time, float(measured.acceptance)]

    def spinodal(self, T: ArrayLike, phase: str = "retrieval") -> Solution:
        """The retrieval state at the largest load that has one.

        Args:
            T: temperature, >= 0.
            phase: ``"retrieval"``, or ``"low-overlap"`` for couplings of more than two spins.
        """
        where = f"{type(self).__name__}.spinodal"
        known = PHASES[:1] if self.P == 2 else (*PHASES[:1], LOW_OVERLAP)
        one_of(where, "phase", phase, known)
        end = states.at_low_overlap_end if phase == LOW_OVERLAP else states.at_spinodal
        return end(self._system(), *self._numbers("spinodal", T=T))

    def T_AT_spinodal(self) -> float:
        """Temperature below which the spinodal lies where replica symmetry is unstable."""
        return phase_boundaries.stable_spinodal_temperature(self._system())

    def phases(self, load: ArrayLike, T: ArrayLike) -> Int64Array:
        """Phase diagram: 0 paramagnet, 1 spin glass, 2 retrieval metastable, 3 retrieval.

        The spin glass is told where the paramagnet is unstable, which for distinct indices and
        P >= 3 is nowhere: their glass appears by a jump and breaks replica symmetry.
        """
        load, T = self._numbers("phases", **{self.load_name: load, "T": T})
        return phase_boundaries.phases(self._system(), load, T)

    def critical_rho(self, load: float, T: float = 0.0) -> float:
        """Entropy of a data set above which nothing is retrieved: supervised, many examples.

        It is where the largest load, which never rises with rho, passes this one. nan if clean
        patterns are not retrieved at this load either; infinity if class means are, whatever their
        noise: they need not say anything about the archetypes then.
        """
        load, T = map(float, self._numbers("critical_rho", **{self.load_name: load, "T": T}))
        clean = self._crosstalk(Examples(1.0, None, "supervised", "gaussian"))
        return learning_thresholds.critical_rho(self.P, clean, load, T)

    def critical_examples(self, load: float, T: float = 0.0) -> int:
        """Number of examples from which on archetypes are retrieved, at this quality and protocol.

        Every larger number suffices as well: that a single example is retrieved, as a pattern of
        its own, does not count as long as two of them are not enough.

        Raises:
            ValueError: if no number of examples suffices, or the quality is not known.
        """
        if self.entropy is not None:
            raise ValueError(
                f"{type(self).__name__}.critical_examples expects a quality r, and rho says none:"
                " use quality=r with examples=1."
            )
        load, T = map(float, self._numbers("critical_examples", **{self.load_name: load, "T": T}))

        def learned(examples: int) -> SaddlePoint:
            return self._system(Examples(self.quality, examples, self.protocol, self.noise))

        if not self._crosstalk_allows(load, T):
            raise ValueError(
                f"{type(self).__name__} retrieves nothing at {self.load_name} = {load:g} and"
                f" T = {T:g}, not even clean patterns: no number of examples suffices."
            )
        rho = self.critical_rho(load, T)
        guess = 1.0 if rho == 0 else entropy(self.quality, 1) / rho
        return learning_thresholds.critical_examples(learned, guess, load, T)

    def _crosstalk_allows(self, load: float, T: float) -> bool:
        clean = self._system(Examples(1.0, None, "supervised", "gaussian"))
        return bool(phase_boundaries.spinodal_load(clean, T) > load)
