"""Channels that rest after an event."""

from dataclasses import dataclass

import numpy as np

from axonal._base.checks import one_of, whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import FARTHEST, silenced
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.transform import Transform, check_recording


@dataclass(frozen=True)
class Refractory(Transform):
    """No event of a pixel within a period after one that was let through.

    An event at t passes if t - last > period, where last is the latest event of its pixel that
    passed. Those that do not are counted as dropped, and begin no new period.

    Args:
        period: microseconds; 0 leaves one event of each pixel per instant.
        polarities: "together" for one period per pixel, "apart" for one per pixel and polarity.

    Raises:
        TypeError: no whole number.
        ValueError: a number out of range, or another word.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import Refractory
    >>> Refractory(4)(Recording.of([5, 8, 10, 12], 0, 0, 0, Sensor(1))).times.tolist()
    [5, 10]
    """

    period: int
    polarities: str = "together"

    def __post_init__(self) -> None:
        whole_number("Refractory", "period", self.period, 0, FARTHEST)
        one_of("Refractory", "polarities", self.polarities, ("together", "apart"))

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Let through what comes late enough."""
        check_recording(self, recording)
        cells = recording.addresses
        if self.polarities == "together":
            pixels = recording.sensor.width * recording.sensor.height
            cells = (cells % np.int64(pixels)).astype(np.uint32)
        kept = recording.take(silenced(recording.times, cells, self.period))
        return Outcome(kept, Tally(dropped=len(recording) - len(kept)))
