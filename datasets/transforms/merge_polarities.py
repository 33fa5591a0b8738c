"""Events without a sign."""

from dataclasses import dataclass

import numpy as np

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording, Sensor
from axonal.datasets.transforms._moved import FARTHEST, merged, relocated
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.transform import Transform, check_recording


@dataclass(frozen=True)
class MergePolarities(Transform):
    """All polarities as one: p' = 0, on a sensor with one polarity.

    Every event stays unless ``merge`` is given.

    Args:
        merge: microseconds within which events of one pixel become the first of them, counted as
            merged; 0 for events at the same instant; None for no merging.

    Raises:
        TypeError: no whole number.
        ValueError: a number out of range.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import MergePolarities
    >>> recording = Recording.of([5, 5], [1, 1], [0, 0], [0, 1], Sensor(4, 2, 2))
    >>> len(MergePolarities()(recording)), len(MergePolarities(merge=0)(recording))
    (2, 1)
    """

    merge: int | None = None

    def __post_init__(self) -> None:
        if self.merge is not None:
            whole_number("MergePolarities", "merge", self.merge, 0, FARTHEST)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Forget the polarities."""
        check_recording(self, recording)
        old = recording.sensor
        x, y, p = old.coordinates(recording.addresses)
        outcome = relocated(recording, x, y, np.zeros_like(p), Sensor(old.width, old.height))
        return outcome if self.merge is None else merged(outcome.recording, self.merge)
