"""The result of a transform."""

from dataclasses import dataclass, field

from axonal.datasets.events import Recording
from axonal.datasets.transforms.tally import Tally


@dataclass(frozen=True, eq=False)
class Outcome:
    """A recording that was transformed, and the account of its events.

    Args:
        recording: the events after the transform.
        tally: what became of those that are missing, and how many are new.
        start: time of the recording before the transform that is 0 after it, in microseconds: what
            a change of the origin of time subtracted.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import CropTime
    >>> outcome = CropTime(0, 6).apply(Recording.of([5, 9], [0, 3], 0, 0, Sensor(4)))
    >>> len(outcome.recording), outcome.tally.outside
    (1, 1)
    """

    recording: Recording
    tally: Tally = field(default_factory=Tally)
    start: int = 0
