"""A coarser sensor."""

from dataclasses import dataclass

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording, Sensor
from axonal.datasets.transforms._moved import FARTHEST, merged, relocated
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording


@dataclass(frozen=True)
class DownsampleSpace(Transform):
    """Blocks of pixels as one pixel each: x' = floor(x / fx), y' = floor(y / fy).

    Every event stays unless ``merge`` is given. A block at the right or lower edge may be smaller
    than the others.

    Args:
        fx: columns per block.
        fy: rows per block; 1 for a cochlea.
        merge: microseconds within which events of one block and polarity become the first of them,
            counted as merged; 0 for events at the same instant; None for no merging.

    Raises:
        TypeError: no whole number.
        ValueError: a number out of range.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import DownsampleSpace
    >>> recording = Recording.of([5, 5, 9], [0, 1, 4], 0, 0, Sensor(5))
    >>> coarse = DownsampleSpace(2, merge=0).apply(recording)
    >>> coarse.recording.x.tolist(), coarse.recording.sensor.width, coarse.tally.merged
    ([0, 2], 3, 1)
    """

    fx: int
    fy: int = 1
    merge: int | None = None

    def __post_init__(self) -> None:
        whole_number("DownsampleSpace", "fx", self.fx)
        whole_number("DownsampleSpace", "fy", self.fy)
        if self.merge is not None:
            whole_number("DownsampleSpace", "merge", self.merge, 0, FARTHEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Give the events the addresses of their blocks."""
        check_recording(self, recording)
        old = recording.sensor
        new = Sensor(-(-old.width // self.fx), -(-old.height // self.fy), old.polarities)
        x, y, p = old.coordinates(recording.addresses)
        outcome = relocated(recording, x // self.fx, y // self.fy, p, new)
        return outcome if self.merge is None else merged(outcome.recording, self.merge)
