"""Samples gathered into a set, some at a time, so that only the set itself is held whole."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from axonal.datasets.events import EventSet, Recording, Sensor
from axonal.datasets.sets.verify import Verified

CHUNK = 1_000
"""Samples whose times are held as int64 for a while."""
_log = logging.getLogger("axonal")


@dataclass(frozen=True, eq=False)
class Taken:
    """A sample on its way into a set: recording, label, its time zero, and what else is known."""

    recording: Recording
    label: int
    start: int = 0
    groups: Mapping[str, int] = field(default_factory=dict)


def gathered(
    samples: Iterable[Taken], *, sensor: Sensor, classes: Iterable[str], name: str
) -> EventSet:
    """A set of all samples, in their order."""
    names = tuple(classes)
    todo = iter(samples)
    parts = []
    while chunk := list(islice(todo, CHUNK)):
        groups = {key: [one.groups[key] for one in chunk] for key in chunk[0].groups}
        parts.append(
            EventSet.from_recordings(
                [one.recording for one in chunk],
                [one.label for one in chunk],
                classes=names,
                name=name,
                starts=[one.start for one in chunk],
                groups=groups,
                sensor=sensor,
            )
        )
    if not parts:
        return EventSet.of([], [], [0], [], sensor=sensor, classes=names, name=name)
    return joined(parts, name)


def joined(parts: list[EventSet], name: str) -> EventSet:
    """Sets of one sensor and the same classes, one after the other."""
    first = parts[0]
    if len(parts) == 1:
        return first
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
        name,
        {key: np.concatenate([part.groups[key] for part in parts]) for key in first.groups},
    )


def title(name: str, split: str, count: int, whole: int) -> str:
    """Name of a split, which says so where it holds not all samples; that is logged as well."""
    if count == whole:
        return f"{name} ({split})"
    text = f"{name} ({split}, {count} of {whole} samples)"
    _log.warning("a part of the data is there: %s", text)
    return text


def log_remarks(name: str, found: Verified) -> None:
    """What a check of the files remarked, one line each."""
    for remark in found.remarks:
        _log.info("%s: %s", name, remark)
