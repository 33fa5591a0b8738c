"""A coarser clock."""

from dataclasses import dataclass

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording
from axonal.datasets.transforms._moved import FARTHEST, merged
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording


@dataclass(frozen=True)
class DownsampleTime(Transform):
    """Times at whole ticks of a coarser clock, still in microseconds: t' = floor(t / tick) tick.

    Args:
        tick: microseconds.
        merge: let the events of a channel in one tick become the first of them, counted as merged.

    Raises:
        TypeError: no whole number.
        ValueError: a tick out of range.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import DownsampleTime
    >>> recording = Recording.of([5, 9, 12], 0, 0, 0, Sensor(1))
    >>> DownsampleTime(4)(recording).times.tolist(), len(DownsampleTime(8, merge=True)(recording))
    ([4, 8, 12], 2)
    """

    tick: int
    merge: bool = False

    def __post_init__(self) -> None:
        whole_number("DownsampleTime", "tick", self.tick, 1, FARTHEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Round all times down."""
        check_recording(self, recording)
        times = recording.times // self.tick * self.tick
        coarse = Recording(times, recording.addresses, recording.sensor, recording.extra)
        return merged(coarse, 0) if self.merge else Outcome(coarse)
