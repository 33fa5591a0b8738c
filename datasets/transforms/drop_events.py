"""Events left out at random."""

from dataclasses import dataclass

from axonal._base.checks import number
from axonal.datasets.events import Recording
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.transform import Transform, check_recording, draws


@dataclass(frozen=True)
class DropEvents(Transform):
    """Each event left out with one probability, independently of the others.

    Args:
        probability: 0 to 1.

    Raises:
        ValueError: a probability out of range.

    >>> import numpy as np
    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.transforms import DropEvents, Key
    >>> outcome = DropEvents(0.5).apply(Recording.of(np.arange(100), 0, 0, 0, Sensor(1)), Key(0))
    >>> len(outcome.recording) + outcome.tally.dropped
    100
    """

    probability: float

    def __post_init__(self) -> None:
        number("DropEvents", "probability", self.probability, 0, 1)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Draw for every event, and leave some out."""
        check_recording(self, recording)
        kept = recording.take(draws(self, key).random(len(recording)) >= self.probability)
        return Outcome(kept, Tally(dropped=len(recording) - len(kept)))
