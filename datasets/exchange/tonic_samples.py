"""Event sets as tonic's data sets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonal.datasets.events import EventSet
from axonal.datasets.exchange.structured import sample_type, structured


@dataclass(frozen=True, eq=False)
class TonicSamples:
    """The samples of an event set as structured arrays, with the attributes of tonic's data sets.

    tonic's transforms, caches and collation take them, as does a ``DataLoader``.

    Args:
        events: the samples.
        transform: of the events, such as ``tonic.transforms.ToFrame(samples.sensor_size, ...)``.
        target_transform: of the label.
        transforms: of both; the others may not be given then.

    Raises:
        ValueError: transforms beside one of the others.

    >>> from axonal.datasets import EventSet, Sensor, TonicSamples
    >>> events = EventSet.of([5, 9], [0, 5], [0, 2], [1], sensor=Sensor(3, 2), classes="ab")
    >>> samples = TonicSamples(events, transform=len)
    >>> samples[0], samples.sensor_size, samples.ordering
    ((2, 1), (3, 2, 1), ('x', 'y', 't', 'p'))
    """

    events: EventSet
    transform: Callable[[Any], Any] | None = None
    target_transform: Callable[[int], Any] | None = None
    transforms: Callable[[Any, int], tuple[Any, Any]] | None = None

    def __post_init__(self) -> None:
        if self.transforms is not None and (self.transform or self.target_transform):
            raise ValueError(
                "TonicSamples takes transforms, or transform and target_transform, not both."
            )

    @property
    def sensor_size(self) -> tuple[int, int, int]:
        """Width, height and polarities."""
        sensor = self.events.sensor
        return sensor.width, sensor.height, sensor.polarities

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of an event."""
        return sample_type(self.events.sensor)

    @property
    def ordering(self) -> tuple[str, ...]:
        """Names of the fields."""
        return self.dtype.names or ()

    @property
    def classes(self) -> list[str]:
        """Name of each class."""
        return list(self.events.classes)

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Events, t in microseconds from the start of the sample, and label."""
        recording, label = self.events[index]
        events: Any = structured(recording)
        if self.transforms is not None:
            return self.transforms(events, label)
        if self.transform is not None:
            events = self.transform(events)
        return events, label if self.target_transform is None else self.target_transform(label)


def to_tonic(
    events: EventSet,
    *,
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[int], Any] | None = None,
    transforms: Callable[[Any, int], tuple[Any, Any]] | None = None,
) -> TonicSamples:
    """Serve an event set as tonic's data sets serve theirs: (structured array, label).

    A sample has the fields x, y, t and p, 13 bytes per event, as most of tonic's data sets; a
    sensor without rows has no y. t is int64 in microseconds, p is bool.

    Args:
        events: the samples.
        transform: of the events.
        target_transform: of the label.
        transforms: of both.

    Raises:
        TypeError: what is no event set.
        ValueError: transforms beside one of the others.

    >>> from axonal.datasets import EventSet, Sensor, from_tonic, to_tonic
    >>> events = EventSet.of([5, 9], [0, 1], [0, 2], [0], sensor=Sensor(3), classes="a")
    >>> there = to_tonic(events)
    >>> there[0][0].tolist(), from_tonic(there, progress=False)[0].recording.x.tolist()
    ([(0, 5, False), (1, 9, False)], [0, 1])
    """
    if not isinstance(events, EventSet):
        raise TypeError(f"to_tonic expects an EventSet, got {type(events).__name__}.")
    return TonicSamples(events, transform, target_transform, transforms)
