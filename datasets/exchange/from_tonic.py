"""Data sets of tonic as event sets."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from axonal._base.progress import bar
from axonal.datasets.events import EventSet, Recording, Sensor
from axonal.datasets.events.sensor import check_sensor
from axonal.datasets.exchange.structured import recording_of
from axonal.datasets.store import Origin, StreamedSample, write_events

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
    path: str | PathLike[str] | None = None,
    origin: Origin | None = None,
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
        path: file that the samples are written to one by one, as `write_events` does: memory does
            not grow with them, and a call that was stopped goes on. By default they are held in
            memory.
        origin: what the file is made from; by default the name, the number of samples and these
            settings. A file with another origin is replaced.
        progress: show a bar on a terminal.

    Returns:
        the set, in memory, or opened from the file.

    Raises:
        TypeError: no such samples, targets that are neither numbers nor names, or sizes in the
            place of a `Sensor`.
        ValueError: a sensor that is not named, an event outside it or out of order, by the sample;
            a path, and classes that nobody names.
        OSError: the file cannot be written.

    >>> import numpy as np
    >>> from axonal.datasets import Sensor, from_tonic
    >>> events = np.array([(3, 5, 1), (2, 9, 1)], [("x", "<i8"), ("t", "<i8"), ("p", "<i8")])
    >>> found = from_tonic([(events, "yes")], sensor=Sensor(700), name="words", progress=False)
    >>> found[0].recording.times.tolist(), found.classes
    ([5, 9], ('yes',))
    """
    title = type(dataset).__name__ if name is None else name
    geometry = _geometry(dataset) if sensor is None else check_sensor(WHO, sensor)
    known = getattr(dataset, "classes", None) if classes is None else classes
    names = None if known is None else [str(one) for one in known]
    options: dict[str, Any] = {"unit": unit, "sort": sort, "rebase": rebase}
    samples = _Samples(dataset, geometry, names or None, **options)
    if path is not None:
        if not names:
            raise ValueError(
                f"{WHO} expects classes for a file, which begins with them, and "
                f"{type(dataset).__name__} names none. Write from_tonic(..., classes=[...])."
            )
        made = origin or Origin(f"{title}, {len(dataset)} samples", ({"name": WHO, **options},))
        return write_events(
            path,
            samples,
            sensor=geometry,
            classes=names,
            name=title,
            origin=made,
            progress=progress,
        )
    parts, targets, starts = [], [], []
    with bar(title, len(samples), unit="samples", shown=progress) as step:
        for i in range(len(samples)):
            recording, target = samples.raw(i)
            parts.append(recording)
            targets.append(target)
            starts.append(samples.start(recording))
            step()
    labels, found = _labels(targets, names or None)
    return EventSet.from_recordings(
        parts, labels, classes=found, name=title, starts=starts, sensor=geometry
    )


@dataclass(frozen=True)
class _Samples:
    """Samples that are converted when they are asked for."""

    dataset: Any
    sensor: Sensor
    names: list[str] | None
    unit: str
    sort: bool
    rebase: bool

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> StreamedSample:
        recording, target = self.raw(index)
        (label,), _ = _labels([target], self.names, index)
        return StreamedSample((recording,), label, self.start(recording))

    def __iter__(self) -> Iterator[StreamedSample]:
        return map(self.__getitem__, range(len(self)))

    def raw(self, index: int) -> tuple[Recording, Any]:
        """Recording and target of a sample."""
        who = f"{WHO}: sample {index}"
        sample = self.dataset[index]
        if not isinstance(sample, Sequence) or len(sample) != 2:
            raise TypeError(f"{who} is expected as (events, target), got {type(sample).__name__}.")
        return recording_of(sample[0], self.sensor, who, unit=self.unit, sort=self.sort), sample[1]

    def start(self, recording: Recording) -> int:
        """Time on the clock of a recording that becomes 0."""
        return int(recording.times[0]) if self.rebase and len(recording) else 0


def _geometry(dataset: object) -> Sensor:
    size = getattr(dataset, "sensor_size", None)
    if size is None:
        raise ValueError(
            f"{WHO} expects the size of the sensor, and {type(dataset).__name__} names none. Write "
            "from_tonic(dataset, sensor=Sensor(width, height, polarities))."
        )
    return Sensor(*map(int, size))


def _labels(
    targets: list[Any], known: list[str] | None, first: int = 0
) -> tuple[list[int], list[str]]:
    """Whole labels, and the names of the classes."""
    named = [isinstance(target, str) for target in targets]
    if any(named):
        if not all(named):
            raise TypeError(f"{WHO} expects targets of one kind, got names and others.")
        names = known or sorted(set(targets))
        strange = next((target for target in targets if target not in names), None)
        if strange is not None:
            raise ValueError(f"{WHO} expects a target of {', '.join(names)}, got {strange!r}.")
        return [names.index(target) for target in targets], names
    labels = [-1 if t is None else _label(t, i) for i, t in enumerate(targets, first)]
    most = max(labels, default=-1)
    names = known or [str(label) for label in range(most + 1)]
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
