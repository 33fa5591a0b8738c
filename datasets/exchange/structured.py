"""Structured arrays with the fields t, x, y and p, in any order: the samples of tonic."""

from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray, Int64Array
from axonal._base.checks import one_of
from axonal.datasets.events import Recording, Sensor

FIELDS = ("x", "y", "t", "p")
UNITS = {"s": (1_000_000, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
"""Microseconds per unit of t, as a fraction."""
LATEST = 2**53
"""Microseconds up to which a float64 holds each."""


def sample_type(sensor: Sensor) -> np.dtype[Any]:
    """Type of the samples of a sensor: 13 bytes per event, or 11 where there are no rows."""
    place = np.int16 if max(sensor.width, sensor.height) <= 2**15 else np.int32
    rows = [("y", place)] if sensor.height > 1 else []
    return np.dtype([("x", place), *rows, ("t", np.int64), ("p", np.bool_)])


def structured(recording: Recording) -> npt.NDArray[Any]:
    """A recording as a structured array ``[events]`` of `sample_type`.

    >>> structured(Recording.of([5], [3], [1], [1], Sensor(4, 2, 2)))
    array([(3, 1, 5, True)],
          dtype=[('x', '<i2'), ('y', '<i2'), ('t', '<i8'), ('p', '?')])
    """
    events = np.empty(len(recording), sample_type(recording.sensor))
    x, y, p = recording.sensor.coordinates(recording.addresses)
    for name, values in (("x", x), ("y", y), ("t", recording.times), ("p", p)):
        if name in events.dtype.fields:
            events[name] = values
    return events


def check_fields(events: object, who: str) -> AnyArray:
    """Return events that have the fields of a sample, and no others.

    Raises:
        TypeError: no structured array.
        ValueError: a field is missing, or one that would be lost.
    """
    if not isinstance(events, np.ndarray) or events.dtype.names is None or events.ndim != 1:
        found = type(events).__name__
        if isinstance(events, np.ndarray):
            found = f"{events.dtype} with shape {events.shape}"
        raise TypeError(
            f"{who} expects events as a structured array [events] with fields t, x, y, p, got "
            f"{found}. Are they frames already? Leave ToFrame out; axonal.datasets.counts bins."
        )
    lacks = [name for name in ("t", "x") if name not in events.dtype.names]
    more = [name for name in events.dtype.names if name not in FIELDS]
    if lacks or more:
        raise ValueError(
            f"{who} expects the fields t and x, and y and p where there are rows and polarities, "
            f"got {', '.join(events.dtype.names)}: {', '.join(lacks or more)} "
            f"{'is missing' if lacks else 'would be lost'}."
        )
    return events


def whole_times(values: AnyArray, unit: str, who: str, fractions: bool = False) -> Int64Array:
    """Times of a unit in whole microseconds, the nearest where there is a fraction.

    Args:
        values: whole numbers or not ``[events]``.
        unit: one of `UNITS`.
        who: begins the message.
        fractions: whether microseconds may have some, otherwise a sign of another unit.

    Raises:
        TypeError: no numbers.
        ValueError: a fraction of a microsecond, or more than 2^53 of them.

    >>> whole_times(np.array([0.25, 1e-6]), "s", "doctest").tolist()
    [250000, 1]
    """
    times, per = UNITS[one_of(who, "unit", unit, UNITS)]
    if values.dtype.kind not in "iuf":
        raise TypeError(f"{who} expects t as numbers, got {values.dtype}.")
    if not len(values):
        return np.zeros(0, np.int64)
    far = max(abs(float(values.min())), abs(float(values.max()))) * times / per
    if not far <= LATEST:
        raise ValueError(f"{who} expects t up to 2^53 microseconds, got {far:.6g}. Is unit right?")
    if values.dtype.kind != "f":
        exact = values.astype(np.int64) * times
        return exact if per == 1 else (exact + per // 2) // per
    scaled = values.astype(np.float64) * times / per
    nearest = np.rint(scaled)
    if unit == "us" and not fractions and (nearest != scaled).any():
        first = float(values[int((nearest != scaled).argmax())])
        raise ValueError(
            f"{who} expects t in whole microseconds, got {first:.9g}. Write unit='s' for seconds, "
            "'ms' for milliseconds."
        )
    return nearest.astype(np.int64)


def polarity(values: AnyArray, sensor: Sensor, who: str) -> AnyArray:
    """Polarities 0 and 1 of values that are False and True, 0 and 1 or -1 and 1.

    Events of a sensor with one polarity have one value, which is 0 here whatever it was.

    Raises:
        ValueError: other values.
    """
    found = np.unique(values)
    if sensor.polarities == 1 and len(found) <= 1:
        return np.zeros(len(values), np.int64)
    if sensor.polarities == 2 and set(found.tolist()) <= {0, 1}:
        return values.astype(np.int64)
    if sensor.polarities == 2 and set(found.tolist()) <= {-1, 1}:
        return (values > 0).astype(np.int64)
    raise ValueError(
        f"{who} expects p as 0 and 1, False and True or -1 and 1 for two polarities, and one value "
        f"for one, got {found[:4].tolist()} for {sensor}. Is the size of the sensor right?"
    )


def recording_of(
    events: object,
    sensor: Sensor,
    who: str,
    *,
    unit: str = "us",
    fractions: bool = False,
    sort: bool = False,
) -> Recording:
    """A recording from a structured array.

    Args:
        events: with the fields t, x, y where the sensor has rows, p where it has polarities.
        sensor: the geometry.
        who: begins the messages.
        unit: of t, one of `UNITS`.
        fractions: round fractions of microseconds, and do not refuse them.
        sort: put events into time order; equal times keep their order.

    Raises:
        TypeError: no structured array of numbers.
        ValueError: fields that are missing or would be lost, an event outside the sensor or out of
            order.

    >>> events = np.array([(7, 2)], [("t", int), ("x", int)])
    >>> recording_of(events, Sensor(3), "doctest").x.tolist()
    [2]
    """
    array = check_fields(events, who)
    names = array.dtype.names or ()
    if (sensor.height > 1 and "y" not in names) or (sensor.polarities > 1 and "p" not in names):
        raise ValueError(
            f"{who} expects t, x, y and p for {sensor}, got {', '.join(names)}. Is the size of the "
            "sensor right?"
        )
    times = whole_times(array["t"], unit, who, fractions)
    falls = times[1:] < times[:-1]
    order: Any = slice(None)
    if falls.any():
        at = int(falls.argmax()) + 1
        if not sort:
            raise ValueError(
                f"{who} expects events in time order, got {times[at]} after {times[at - 1]} "
                f"microseconds at event {at}. Write sort=True if only their order is wrong."
            )
        order = np.argsort(times, kind="stable")
    y = array["y"] if "y" in names else 0
    p = polarity(array["p"], sensor, who) if "p" in names else 0
    try:
        addresses = np.broadcast_to(sensor.address(array["x"], y, p), times.shape)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{who}: {error}") from None
    return Recording(times[order], np.ascontiguousarray(addresses[order]), sensor)
