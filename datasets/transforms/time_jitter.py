"""Times that waver."""

from dataclasses import dataclass

import numpy as np

from axonal._base.checks import number, whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import FARTHEST, check_clock, retimed
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording, draws

WIDEST = 1e12
"""Microseconds, eleven days."""


@dataclass(frozen=True)
class TimeJitter(Transform):
    """Each event at t' = t + round(g), with g from a normal distribution, and in order again.

    Args:
        deviation: standard deviation of g in microseconds, 0 to 1e12.
        start: events with t' below it are left out, and counted as outside; samples of a set begin
            at 0. None leaves none out.

    Raises:
        TypeError: no number.
        ValueError: a number out of range.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Key, TimeJitter
    >>> recording = Recording.of([500, 510, 520], [0, 1, 2], 0, 0, Sensor(3))
    >>> times = TimeJitter(20.0)(recording, Key(seed=0)).times
    >>> len(times), bool((times[1:] >= times[:-1]).all())
    (3, True)
    """

    deviation: float
    start: int | None = 0

    def __post_init__(self) -> None:
        number("TimeJitter", "deviation", self.deviation, 0, WIDEST)
        if self.start is not None:
            whole_number("TimeJitter", "start", self.start, -FARTHEST, FARTHEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Move every event by a draw of its own, and sort."""
        check_recording(self, recording)
        check_clock("TimeJitter", recording.times)
        steps = np.rint(draws(self, key).normal(0.0, self.deviation, len(recording)))
        return retimed(recording, recording.times + steps.astype(np.int64), self.start)
