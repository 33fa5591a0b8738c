"""Transforms of tonic on recordings, with the chance of a key."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonal.datasets.events import Recording, Sensor
from axonal.datasets.events.sensor import check_sensor
from axonal.datasets.exchange.structured import check_fields, recording_of, structured
from axonal.datasets.transforms import Key, Outcome, Tally, Transform
from axonal.datasets.transforms.transform import check_recording


@dataclass(frozen=True)
class TonicTransform(Transform):
    """A transform of tonic as one of ours: events in, events out, and an account of them.

    tonic draws from the generators of the process, numpy's and Python's. Here these are set from
    the key before, and put back after: the same key gives the same events in any worker, and
    nothing else of the process notices. A thread beside it that draws from them would, so
    processes share the work, not threads.

    tonic says how many events come out, not what became of the others: fewer are told as dropped,
    more as added. What lies outside the sensor, as after ``SpatialJitter``, is left out and told.
    Times are rounded to whole microseconds and put into order. A recording without events stays so:
    several of tonic's transforms fail on one, and it is not given to them.

    Args:
        transform: takes and returns a structured array with the fields t, x, y and p.
        sensor: after the transform, where that changes it, as ``CenterCrop`` and ``Downsample`` do;
            by default that of the recording.

    Raises:
        TypeError: what cannot be called, or sizes in the place of a `Sensor`; when applied: what
            gives no events, such as ``ToFrame``, or draws at random without a key.
        ValueError: when applied: fields or polarities that do not fit the sensor.

    >>> from axonal.datasets import Recording, Sensor, TonicTransform
    >>> half = TonicTransform(lambda events: events[::2])  # or tonic.transforms.Denoise(10_000)
    >>> outcome = half.apply(Recording.of([1, 2, 3], 0, 0, 0, Sensor(1)))
    >>> outcome.recording.times.tolist(), outcome.tally.dropped
    ([1, 3], 1)
    """

    transform: Callable[[Any], Any]
    sensor: Sensor | None = None

    def __post_init__(self) -> None:
        if not callable(self.transform) or isinstance(self.transform, type):
            raise TypeError(
                "TonicTransform expects a transform that can be called, got "
                f"{self.transform!r}. Is it a class? Write MergePolarities(), not MergePolarities."
            )
        if self.sensor is not None:
            check_sensor("TonicTransform", self.sensor)

    def apply(self, recording: Recording, key: Key | None = None) -> Outcome:
        """Apply the transform, and put its events into order."""
        check_recording(self, recording)
        sensor = recording.sensor if self.sensor is None else self.sensor
        if not len(recording):
            return Outcome(Recording.of([], 0, 0, 0, sensor))
        with _generators(key, self.transform):
            given = self.transform(structured(recording))
        who = f"TonicTransform({self.transform!r:.60})"
        events = check_fields(given, who)
        inside = _inside(events, sensor)
        kept = recording_of(events[inside], sensor, who, fractions=True, sort=True)
        change = len(events) - len(recording)
        outside = len(events) - len(kept)
        return Outcome(kept, Tally(outside=outside, dropped=max(0, -change), added=max(0, change)))

    def description(self) -> dict[str, Any]:
        """Name, the transform as tonic writes it, and the sensor."""
        size = self.sensor
        return {
            "name": "TonicTransform",
            "transform": repr(self.transform),
            "sensor": None if size is None else [size.width, size.height, size.polarities],
        }


def _inside(events: Any, sensor: Sensor) -> Any:
    """Events on the sensor ``[events]``."""
    inside = np.ones(len(events), bool)
    for name, size in (("x", sensor.width), ("y", sensor.height)):
        if name in events.dtype.names:
            inside &= (events[name] >= 0) & (events[name] < size)
    return inside


@contextmanager
def _generators(key: Key | None, transform: object) -> Iterator[None]:
    """Draws of a key from the generators of the process, which are as they were afterwards.

    Raises:
        TypeError: something was drawn without a key.
    """
    ours: Any = np.random.get_state(), random.getstate()
    if key is not None:
        words = key.generator().integers(2**32, size=9, dtype=np.uint64)
        np.random.seed(words[:8].astype(np.uint32))
        random.seed(int(words[8]))
    try:
        yield
        drawn = key is None and not _same(ours)
    finally:
        np.random.set_state(ours[0])
        random.setstate(ours[1])
    if drawn:
        raise TypeError(
            f"{transform!r:.60} draws at random and expects a Key. Write for example "
            "TonicTransform(transform)(recording, Key(seed=0, epoch=0, index=i))."
        )


def _same(states: tuple[Any, Any]) -> bool:
    """Whether nothing was drawn since."""
    theirs: Any = np.random.get_state()
    return (
        random.getstate() == states[1]
        and theirs[2:] == states[0][2:]
        and np.array_equal(theirs[1], states[0][1])
    )
