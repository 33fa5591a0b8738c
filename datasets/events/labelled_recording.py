"""One recording with its label, which is not stacked along a wrong axis by accident."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from axonal.datasets.events.recording import Recording


@dataclass(frozen=True, eq=False)
class LabelledRecording:
    """A sample of an `EventSet`, ``recording, label = events[i]``.

    It is no tuple, for the reason that `Sample` gives: what batches tuples would stack the columns
    of recordings that happen to be of one length. It refuses this class by its name. Batches are
    made by binning.

    Args:
        recording: times in microseconds from the start of the sample.
        label: class of the sample, -1 for none.
        start: time zero of the sample on the clock of the recording that it was cut from.
        groups: what else is known of the sample, by name, such as the number of a speaker.

    >>> from axonal.datasets import LabelledRecording, Recording, Sensor
    >>> sample = LabelledRecording(Recording.of([3], [1], 0, 0, Sensor(2)), label=4)
    >>> recording, label = sample
    >>> recording.times.tolist(), label
    ([3], 4)
    """

    recording: Recording
    label: int
    start: int = 0
    groups: Mapping[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Any]:
        """Yield the recording, then the label."""
        return iter((self.recording, self.label))

    def __getitem__(self, index: int) -> Any:
        """Return the recording at 0, the label at 1."""
        return (self.recording, self.label)[index]

    def __len__(self) -> int:
        return 2
