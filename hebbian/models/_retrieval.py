"""What memories that retrieve one pattern at a time have in common."""

import abc
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonal.hebbian import _checks
from axonal.hebbian.models._data import DataSet
from axonal.hebbian.theory import glass, learning, lines, saddle
from axonal.hebbian.theory.crosstalk import Crosstalk
from axonal.hebbian.theory.examples import entropy
from axonal.hebbian.theory.system import Solution, System

Array = NDArray[np.float64]

PHASES = ("retrieval", "spin-glass", "paramagnet")
LOW_OVERLAP = "low-overlap"
"""Of couplings of more than two spins."""


class RetrievalModel(abc.ABC):
    """A memory whose states are the saddle points of one condensed pattern.

    Loads, called alpha or gamma in the models, and temperatures may be arrays; they broadcast.
    """

    load_name: ClassVar[str]
    P: int
    quality: float
    examples: int | None
    protocol: str
    noise: str
    entropy: float | None

    def _learn(
        self,
        quality: float,
        examples: int | None,
        protocol: str,
        noise: str,
        entropy: float | None,
    ) -> None:
        """Set what a frozen model learns from, and refuse what says nothing."""
        # All that an entropy alone describes are class means of many examples.
        noise = "gaussian" if entropy is not None and noise == "binomial" else noise
        data = DataSet(quality, examples, protocol, noise, entropy)
        data.check(type(self).__name__)
        for name, value in (
            ("quality", quality),
            ("examples", examples),
            ("protocol", protocol),
            ("noise", noise),
            ("entropy", entropy),
        ):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        # The entropy under the name by which it is given, and only where it was.
        given = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        entropy = given.pop("entropy")
        if entropy is not None:
            given = {k: v for k, v in given.items() if k not in ("quality", "examples")}
            given["rho"] = entropy
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"

    @abc.abstractmethod
    def _crosstalk(self, data: DataSet) -> Crosstalk:
        """Noise from patterns that are not retrieved."""

    def _data(self) -> DataSet:
        return DataSet(self.quality, self.examples, self.protocol, self.noise, self.entropy)

    def _system(self, data: DataSet | None = None) -> System:
        data = data or self._data()
        return System(self.P, data.signal(), self._crosstalk(data))

    def _simulated(self, load: float | None, T: float | None, K: int | None) -> dict[str, Any]:
        """Parameters of a simulation under its own names."""
        where = f"{type(self).__name__}.simulate"
        if T is None:
            raise TypeError(f"{where} expects a temperature, T=0.3 for example.")
        point: dict[str, Any] = {self.load_name: load, "K": K, "T": T}
        if self.noise == "gaussian" and self.protocol == "supervised" and not self._data().clean:
            return {**point, "rho": self.rho}
        learned = {"quality": self.quality, "examples": self.examples, "protocol": self.protocol}
        return {**point, **learned}

    def _numbers(self, method: str, **values: ArrayLike) -> list[Array]:
        where = f"{type(self).__name__}.{method}"
        return [_checks.not_negative(where, name, value) for name, value in values.items()]

    @property
    def rho(self) -> float:
        """Entropy of the data set, ``(1 - r^2) / (M r^2)``; 0 for clean patterns."""
        return self._data().rho

    def _state(self, load: ArrayLike, T: ArrayLike, phase: str) -> Solution:
        known = PHASES if self.P == 2 else (*PHASES, LOW_OVERLAP)
        _checks.one_of(f"{type(self).__name__}.theory", "phase", phase, known)
        load, T = self._numbers("theory", **{self.load_name: load, "T": T})
        if phase == LOW_OVERLAP:
            return saddle.low_overlap(self._system(), load, T)
        if phase == "retrieval":
            return saddle.retrieval(self._system(), load, T)
        return glass.no_retrieval(self._system(), load, T, glassy=phase == "spin-glass")

    def T_M(self, load: ArrayLike) -> Array:
        """Highest temperature with a retrieval state; nan above every load that has one."""
        return self._upper("T_M", load)

    def T_c(self, load: ArrayLike) -> Array:
        """Highest temperature at which retrieval is the global minimum; nan where it never is."""
        return self._upper("T_c", load)

    def _upper(self, method: str, load: ArrayLike) -> Array:
        line = lines.spinodal_load if method == "T_M" else lines.coexistence_load
        (load,) = self._numbers(method, **{self.load_name: load})
        return lines.upper_temperature(self._system(), load, line)

    def T_AT(self, load: ArrayLike) -> Array:
        """Temperature below which replica symmetry is unstable in the retrieval phase."""
        numbers = self._numbers("T_AT", **{self.load_name: load})
        return lines.stability_temperature(self._system(), *numbers)

    def spinodal(self, T: ArrayLike, phase: str = "retrieval") -> Solution:
        """The retrieval state at the largest load that has one.

        Args:
            T: temperature, >= 0.
            phase: ``"retrieval"``, or ``"low-overlap"`` for couplings of more than two spins.
        """
        where = f"{type(self).__name__}.spinodal"
        known = PHASES[:1] if self.P == 2 else (*PHASES[:1], LOW_OVERLAP)
        _checks.one_of(where, "phase", phase, known)
        end = saddle.at_low_overlap_end if phase == LOW_OVERLAP else saddle.at_spinodal
        return end(self._system(), *self._numbers("spinodal", T=T))

    def T_AT_spinodal(self) -> float:
        """Temperature below which the spinodal lies where replica symmetry is unstable."""
        return lines.stable_spinodal_temperature(self._system())

    def phases(self, load: ArrayLike, T: ArrayLike) -> NDArray[np.int64]:
        """Phase diagram: 0 paramagnet, 1 spin glass, 2 retrieval metastable, 3 retrieval.

        The spin glass is told where the paramagnet is unstable, which for distinct indices and
        P >= 3 is nowhere: their glass appears by a jump and breaks replica symmetry.
        """
        load, T = self._numbers("phases", **{self.load_name: load, "T": T})
        return lines.phases(self._system(), load, T)

    def critical_rho(self, load: float, T: float = 0.0) -> float:
        """Entropy of a data set above which nothing is retrieved: supervised, many examples.

        It is where the largest load, which never rises with rho, passes this one. nan if clean
        patterns are not retrieved at this load either; infinity if class means are, whatever their
        noise: they need not say anything about the archetypes then.
        """
        load, T = map(float, self._numbers("critical_rho", **{self.load_name: load, "T": T}))
        clean = self._crosstalk(DataSet(1.0, None, "supervised", "gaussian"))
        return learning.critical_rho(self.P, clean, load, T)

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

        def learned(examples: int) -> System:
            return self._system(DataSet(self.quality, examples, self.protocol, self.noise))

        if not self._crosstalk_allows(load, T):
            raise ValueError(
                f"{type(self).__name__} retrieves nothing at {self.load_name} = {load:g} and"
                f" T = {T:g}, not even clean patterns: no number of examples suffices."
            )
        rho = self.critical_rho(load, T)
        guess = 1.0 if rho == 0 else entropy(self.quality, 1) / rho
        return learning.critical_examples(learned, guess, load, T)

    def _crosstalk_allows(self, load: float, T: float) -> bool:
        clean = self._system(DataSet(1.0, None, "supervised", "gaussian"))
        return bool(lines.spinodal_load(clean, T) > load)
