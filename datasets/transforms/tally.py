"""The account of a transform: what became of every event."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tally:
    """Numbers of events that a transform took away or put in.

    events before + added = events after + outside + dropped + merged, for every transform.

    Args:
        outside: left the sensor or the window.
        dropped: taken away on purpose, by chance or by a filter.
        merged: became one with another event.
        added: were not there before.

    >>> from axonal.datasets.transforms import Tally
    >>> total = Tally(outside=2) + Tally(outside=1, added=4)
    >>> total.outside, total.after(10)
    (3, 11)
    """

    outside: int = 0
    dropped: int = 0
    merged: int = 0
    added: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.outside + other.outside,
            self.dropped + other.dropped,
            self.merged + other.merged,
            self.added + other.added,
        )

    def after(self, before: int) -> int:
        """Number of events afterwards, from their number before."""
        return before + self.added - self.outside - self.dropped - self.merged
