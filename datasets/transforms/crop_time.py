"""A part of the time."""

from dataclasses import dataclass

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import FARTHEST
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.transform import Transform, check_recording


@dataclass(frozen=True)
class CropTime(Transform):
    """The events with start <= t < stop; the others are left out, and counted as outside.

    Args:
        start: in microseconds of the recording's clock.
        stop: in microseconds, at least start.
        rebase: subtract start from all times, so that the window begins at 0.

    Raises:
        TypeError: no whole number.
        ValueError: a stop before the start.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import CropTime
    >>> recording = Recording.of([5, 9, 12], 0, 0, 0, Sensor(1))
    >>> CropTime(8, 12, rebase=True)(recording).times.tolist()
    [1]
    """

    start: int
    stop: int
    rebase: bool = False

    def __post_init__(self) -> None:
        start = whole_number("CropTime", "start", self.start, -FARTHEST, FARTHEST)
        whole_number("CropTime", "stop", self.stop, start, FARTHEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Cut the window out."""
        check_recording(self, recording)
        part = recording.between(self.start, self.stop)
        tally = Tally(outside=len(recording) - len(part))
        if self.rebase:
            times = part.times - self.start
            part = Recording(times, part.addresses, part.sensor, part.extra)
            return Outcome(part, tally, start=int(self.start))
        return Outcome(part, tally)
