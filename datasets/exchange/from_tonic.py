"""Data sets of tonic as event sets."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from axonal._base.progress import bar
from axonal.datasets.events import EventSet, Recording, Sensor
from axonal.datasets.exchange.structured import recording_of

WHO = "from_tonic"


def from_tonic(
    dataset: Any,
    *,
    sensor: Sensor | None = None,
    classes: Iterable[str] | None = None,
    name: str | None = None,
    unit: str = "us",
    sort: bool = False,
    rebase: bool = False,
    progress: bool = True,
) -> EventSet:
    """Every sample of a data set of tonic, in 4 or 6 bytes per event.

    Anything with ``len`` and ``[i]`` that gives (events, target) will do: events as a structured
    array with the fields t, x, y and p in any order and type, as all of tonic's data sets give
    them without a transform. Time is kept to the microsecond and no event is lost.

    Args:
        dataset: the samples.
        sensor: the geometry; by default ``dataset.sensor_size``, which is (width, height,
            polarities).
        classes: name of each class; by default ``dataset.classes``, or the labels in order.
        name: of the set; by default that of the class of the data set.
        unit: of t: "us" as tonic has it, or "s", "ms", "ns". Other units than microseconds are
            rounded to the nearest one.
        sort: put events of a sample into time order where they are not.
        rebase: let every sample start at its first event; the set keeps when that was (``starts``).
        progress: show a bar on a terminal.

    Raises:
        TypeError: no such samples, or targets that are neither numbers nor names.
        ValueError: a sensor that is not named, an event outside it or out of order, by the sample.

    >>> import numpy as np
    >>> from axonal.datasets import Sensor, from_tonic
    >>> events = np.array([(3, 5, 1), (2, 9, 1)], [("x", "<i8"), ("t", "<i8"), ("p", "<i8")])
    >>> found = from_tonic([(events, "yes")], sensor=Sensor(700), name="words", progress=False)
    >>> found[0].recording.times.tolist(), found.classes
    ([5, 9], ('yes',))
    """
    title = type(dataset).__name__ if name is None else name
    geometry = _geometry(dataset) if sensor is None else sensor
    parts: list[Recording] = []
    targets: list[Any] = []
    count = len(dataset)
    with bar(title, count, unit="samples", shown=progress) as step:
        for recording, target in _samples(dataset, count, geometry, unit, sort):
            parts.append(recording)
            targets.append(target)
            step()
    known = getattr(dataset, "classes", None) if classes is None else classes
    labels, names = _labels(targets, known)
    starts = [int(one.times[0]) if rebase and len(one) else 0 for one in parts]
    return EventSet.from_recordings(
        parts, labels, classes=names, name=title, starts=starts, sensor=geometry
    )


def _geometry(dataset: object) -> Sensor:
    size = getattr(dataset, "sensor_size", None)
    if size is None:
        raise ValueError(
            f"{WHO} expects the size of the sensor, and {type(dataset).__name__} names none. Write "
            "from_tonic(dataset, sensor=Sensor(width, height, polarities))."
        )
    return Sensor(*map(int, size))


def _samples(
    dataset: Any, count: int, sensor: Sensor, unit: str, sort: bool
) -> Iterator[tuple[Recording, Any]]:
    for i in range(count):
        who = f"{WHO}: sample {i}"
        sample = dataset[i]
        if not isinstance(sample, Sequence) or len(sample) != 2:
            raise TypeError(f"{who} is expected as (events, target), got {type(sample).__name__}.")
        yield recording_of(sample[0], sensor, who, unit=unit, sort=sort), sample[1]


def _labels(targets: list[Any], known: Iterable[Any] | None) -> tuple[list[int], list[str]]:
    """Whole labels, and the names of the classes."""
    named = [isinstance(target, str) for target in targets]
    if any(named):
        if not all(named):
            raise TypeError(f"{WHO} expects targets of one kind, got names and others.")
        names = sorted(set(targets)) if not known else [str(one) for one in known]
        strange = next((target for target in targets if target not in names), None)
        if strange is not None:
            raise ValueError(f"{WHO} expects a target of {', '.join(names)}, got {strange!r}.")
        return [names.index(target) for target in targets], names
    labels = [-1 if target is None else _label(target, i) for i, target in enumerate(targets)]
    most = max(labels, default=-1)
    names = [str(one) for one in known or ()] or [str(label) for label in range(most + 1)]
    if most >= len(names):
        raise ValueError(
            f"{WHO} expects targets below {len(names)}, the number of classes, got {most}. Write "
            "from_tonic(dataset, classes=[...]) with a name for each."
        )
    return labels, names


def _label(target: object, sample: int) -> int:
    value = np.asarray(target)
    if value.size != 1 or value.dtype.kind not in "biu":
        raise TypeError(
            f"{WHO} expects the target of a sample as a whole number or a name, got {target!r:.60} "
            f"at sample {sample}. target_transform of the data set can make one."
        )
    return int(value.reshape(()))
