"""Samples that go faster or slower."""

from dataclasses import dataclass

import numpy as np

from axonal._base.checks import number, whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import FARTHEST, check_clock
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording, draws


@dataclass(frozen=True)
class TimeWarp(Transform):
    """All times of a sample stretched by one factor: t' = origin + round(s (t - origin)).

    s is drawn evenly from low to high for each sample. The order of events stays, and none is lost;
    what then lies beyond the window of a network is counted where it is binned.

    Args:
        low: least factor, above 0; below 1 the sample is shorter.
        high: largest factor, at most 1000. Equal to low, nothing is drawn and no key is needed.
        origin: microseconds, the instant that stays.

    Raises:
        TypeError: no number.
        ValueError: a number out of range, high below low, or times of more than 2^62 microseconds.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import TimeWarp
    >>> TimeWarp(0.5, 0.5)(Recording.of([0, 10, 30], 0, 0, 0, Sensor(1))).times.tolist()
    [0, 5, 15]
    """

    low: float
    high: float
    origin: int = 0

    def __post_init__(self) -> None:
        low = number("TimeWarp", "low", self.low, 0, open_low=True)
        number("TimeWarp", "high", self.high, low, 1000)
        whole_number("TimeWarp", "origin", self.origin, -FARTHEST, FARTHEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Draw the factor, and stretch."""
        check_recording(self, recording)
        check_clock("TimeWarp", recording.times)
        factor = self.low
        if self.high > self.low:
            factor = float(draws(self, key).uniform(self.low, self.high))
        away = np.rint((recording.times - self.origin) * factor)
        if away.size and np.abs(away).max() > FARTHEST:
            raise ValueError(
                f"TimeWarp expects times that stay below {FARTHEST} microseconds, got up to "
                f"{np.abs(away).max():g} with the factor {factor:g}."
            )
        times = away.astype(np.int64) + self.origin
        return Outcome(Recording(times, recording.addresses, recording.sensor, recording.extra))
