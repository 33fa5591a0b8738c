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
    return joined(parts)


def joined(parts: list[EventSet]) -> EventSet:
    """Sets of one sensor, name and the same classes, one after the other."""
    first = parts[0]
    events = np.cumsum([0, *(part.event_count for part in parts)])
    periods = np.cumsum([0, *(len(part.boundaries) - 1 for part in parts)])
    bounds = [p.boundaries[:-1] + n for p, n in zip(parts, events[:-1], strict=True)]
    samples = [p.first_period[:-1] + n for p, n in zip(parts, periods[:-1], strict=True)]
    return EventSet(
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.addresses for part in parts]),
        np.concatenate([*bounds, events[-1:]]),
        np.concatenate([*samples, periods[-1:]]),
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.labels for part in parts]),
        first.sensor,
        first.classes,
        first.name,
        {key: np.concatenate([part.groups[key] for part in parts]) for key in first.groups},
    )
