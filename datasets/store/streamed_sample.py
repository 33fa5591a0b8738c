"""A sample that is written piece by piece."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from axonal.datasets.events.recording import Recording


@dataclass(frozen=True, eq=False)
class StreamedSample:
    """A sample for `write_events` that may be larger than memory.

    Args:
        pieces: its events, one piece after the other in time order.
        label: class of the sample, -1 for none.
        start: time on the clock of the recording that becomes 0.
        groups: numbers by name, such as that of a speaker.

    >>> from axonal.datasets import Recording, Sensor, StreamedSample
    >>> whole = Recording.of([1, 2, 3], [0, 0, 1], 0, 0, Sensor(2))
    >>> sample = StreamedSample((whole.take(slice(k, k + 2)) for k in (0, 2)), label=0)
    >>> [len(piece) for piece in sample.pieces]
    [2, 1]
    """

    pieces: Iterable[Recording]
    label: int
    start: int = 0
    groups: Mapping[str, int] = field(default_factory=dict)
