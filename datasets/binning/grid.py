"""The steps that time is divided into."""

from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import Int64Array
from axonal._base.checks import number
from axonal.datasets._checks import positive_steps
from axonal.datasets.events.encoding import MOST_PERIODS, PERIOD

MICROSECONDS = 1_000_000
LONGEST_STEP = 100.0
TOLERANCE = 1e-3
"""Microseconds: above what rounding leaves of the largest times, below what anybody means."""
LONGEST = MOST_PERIODS * PERIOD / MICROSECONDS


@dataclass(frozen=True)
class Grid:
    """T steps of dt from t0 on, whatever the data; the last edge is closed.

    Step k holds the events with t0 + k dt <= t < t0 + (k + 1) dt, for k = 0..T - 1, and step T - 1
    those at t = t0 + T dt as well. Events before t0 or after t0 + T dt lie outside: whatever bins
    on a grid counts them.

    Args:
        dt: seconds per step, a whole number of microseconds to within a nanosecond, at most 100 s.
        steps: T.
        t0: seconds from the start of a sample (or on the clock of a single recording) to the first
            step, a whole number of microseconds.

    Raises:
        TypeError: what is no number.
        ValueError: a dt of zero, fractions of microseconds, a grid that ends after 19 hours.

    >>> from axonal.datasets import Grid
    >>> grid = Grid(dt=0.01, steps=3)
    >>> grid.edges.tolist()
    [0, 10000, 20000, 30000]
    """

    dt: float
    steps: int
    t0: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", positive_steps(self.steps, "Grid"))
        hint = f" It is in seconds: for example dt=0.01, not dt={self.dt!r}."
        try:
            number("Grid", "dt", self.dt, 0, LONGEST_STEP, open_low=True)
        except ValueError as error:
            raise ValueError(f"{error}{hint}") from None
        number("Grid", "t0", self.t0, -LONGEST, LONGEST)
        for name in ("dt", "t0"):
            ticks = getattr(self, name) * MICROSECONDS
            if abs(ticks - round(ticks)) > TOLERANCE or (name == "dt" and ticks < 0.5):
                raise ValueError(
                    f"Grid expects {name} as a whole number of microseconds in seconds, got "
                    f"{getattr(self, name)!r}. Write for example dt=0.01."
                )
        if self.stop > LONGEST * MICROSECONDS:
            raise ValueError(
                f"Grid expects an end within 19 hours, got {self.steps} steps of {self.dt:g} s "
                f"from {self.t0:g} s on.{hint}"
            )

    @property
    def step(self) -> int:
        """Microseconds per step."""
        return round(self.dt * MICROSECONDS)

    @property
    def start(self) -> int:
        """First edge in microseconds."""
        return round(self.t0 * MICROSECONDS)

    @property
    def stop(self) -> int:
        """Last edge in microseconds; events at this very time belong to the last step."""
        return self.start + self.steps * self.step

    @property
    def edges(self) -> Int64Array:
        """Edges of the steps in microseconds ``[T + 1]``."""
        return self.start + self.step * np.arange(self.steps + 1)
