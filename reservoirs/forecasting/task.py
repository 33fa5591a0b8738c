"""Stretches of a chaotic series to learn from, to choose by and to test on, in this order."""

from dataclasses import dataclass

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.series import SYSTEMS, mackey_glass, trajectory
from axonal.reservoirs.series.mackey_glass import LYAPUNOV_TIME

MACKEY_GLASS = "mackey-glass"
"""The delay equation, which is no flow of `SYSTEMS`."""


@dataclass(frozen=True)
class Task:
    """Forecasts of one series, at several places of it.

    The series has rows for training, then rows into which validation forecasts fall, then those of
    the test. Forecasts begin ``gap`` after one another, so that they overlap where the horizon is
    longer. They know the rows before them: a model is told ``history`` of these, and learns from
    training rows alone while it is chosen, from training and validation rows for the test. All rows
    are scaled to the mean 0 and the deviation 1 of the training rows.

    Args:
        system: name in `SYSTEMS`, or "mackey-glass".
        seed: of the start of the series; for "mackey-glass" the number of Lyapunov times that are
            left out at its start.
        rate: rows per Lyapunov time, >= 1.
        train: rows, >= 1.
        validation: forecasts, >= 1.
        test: forecasts, >= 1.
        horizon: of a forecast of the test, in Lyapunov times, > 0.
        validation_horizon: of one of the validation.
        gap: between starts, in Lyapunov times, > 0.
        history: rows that a model is told before a forecast, >= 1.
        scored: Lyapunov times over which the relative error is taken, from the start.
        raw: take it of the series as it is, not of the scaled one.

    Raises:
        ValueError: an unknown system, or a number out of range.

    >>> task = Task("lorenz", train=100, validation=2, test=2, horizon=1.0, validation_horizon=1.0)
    >>> task.series().shape, task.starts("validation"), task.starts("test")
    ((340, 3), [100, 160], [220, 280])
    """

    system: str
    seed: int = 0
    rate: int = 60
    train: int = 2000
    validation: int = 5
    test: int = 10
    horizon: float = 10.0
    validation_horizon: float = 6.0
    gap: float = 1.0
    history: int = 300
    scored: float = 2.0
    raw: bool = False

    def __post_init__(self) -> None:
        who = "Task"
        checks.one_of(who, "system", self.system, (*SYSTEMS, MACKEY_GLASS))
        checks.seed(who, self.seed)
        for name in ("rate", "train", "validation", "test", "history"):
            checks.whole_number(who, name, getattr(self, name))
        for name in ("horizon", "validation_horizon", "gap", "scored"):
            checks.number(who, name, getattr(self, name), 0, open_low=True)

    @property
    def exponent(self) -> float:
        """Largest Lyapunov exponent; 1 / 197 for "mackey-glass", as NeuroBench has it."""
        if self.system == MACKEY_GLASS:
            return 1 / LYAPUNOV_TIME
        return SYSTEMS[self.system].exponent

    @property
    def dt(self) -> float:
        """Time between rows."""
        return 1 / (self.exponent * self.rate)

    def rows(self, lyapunov_times: float) -> int:
        """Rows of a time, at least one."""
        return max(1, round(lyapunov_times * self.rate))

    @property
    def learnt(self) -> int:
        """Rows before the first forecast of the test."""
        last = (self.validation - 1) * self.rows(self.gap)
        return self.train + last + self.rows(self.validation_horizon)

    def starts(self, part: str) -> list[int]:
        """First rows of the forecasts of a part, "validation" or "test"."""
        first, count = (
            (self.train, self.validation) if part == "validation" else (self.learnt, self.test)
        )
        return [first + k * self.rows(self.gap) for k in range(count)]

    def series(self) -> Float64Array:
        """All rows [T, D]."""
        points = self.starts("test")[-1] + self.rows(self.horizon)
        if self.system == MACKEY_GLASS:
            left_out = self.seed * LYAPUNOV_TIME
            return mackey_glass(points, dt=self.dt, discard=left_out)[:, None]
        return trajectory(self.system, points, per_lyapunov_time=self.rate, seed=self.seed)
