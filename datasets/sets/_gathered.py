"""Samples gathered into a set in memory, some at a time."""

from collections.abc import Iterable
from itertools import islice

import numpy as np

from axonal.datasets.events import EventSet, Recording, Sensor
from axonal.datasets.store import StreamedSample

CHUNK = 1_000
"""Samples whose times are held as int64 for a while."""


def gathered(
    samples: Iterable[StreamedSample], *, sensor: Sensor, classes: Iterable[str], name: str
) -> EventSet:
    """A set of all samples, in their order."""
    names = tuple(classes)
    todo = iter(samples)
    parts = []
    while chunk := list(islice(todo, CHUNK)):
        recordings: list[Recording] = []
        for one in chunk:
            recordings += one.pieces
        groups = {key: [one.groups[key] for one in chunk] for key in chunk[0].groups}
        parts.append(
            EventSet.from_recordings(
                recordings,
                [one.label for one in chunk],
                classes=names,
                name=name,
                starts=[one.start for one in chunk],
                groups=groups,
                sensor=sensor,
            )
        )
    if not parts:
        none = np.zeros(0, np.int64)
        return EventSet.of(none, none, [0], none, sensor=sensor, classes=names, name=name)
    return EventSet.join(parts)
