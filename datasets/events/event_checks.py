"""Checks of the arrays of an event set, and of the events in them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int64Array
from axonal.datasets.events.encoding import address_type
from axonal.datasets.events.recording import Recording
from axonal.datasets.events.sensor import Sensor, check_sensor

if TYPE_CHECKING:
    from axonal.datasets.events.event_set import EventSet


def check_arrays(events: "EventSet") -> None:
    """Refuse arrays of other types, or that do not fit each other; events are not read.

    Raises:
        TypeError: an array of another type, or sizes in the place of a sensor.
        ValueError: lengths that do not fit, boundaries that fall, a label out of range.
    """
    check_sensor("EventSet", events.sensor)
    kinds: dict[str, Any] = {"low": np.uint16, "addresses": address_type(events.sensor)}
    kinds |= dict.fromkeys(("boundaries", "first_period", "starts", "labels"), np.int64)
    arrays = {name: getattr(events, name) for name in kinds}
    kinds |= dict.fromkeys((f"groups[{name!r}]" for name in events.groups), np.int64)
    arrays |= {f"groups[{name!r}]": array for name, array in events.groups.items()}
    for name, array in arrays.items():
        if array.dtype != kinds[name] or array.ndim != 1:
            raise TypeError(
                f"EventSet expects {name} as {np.dtype(kinds[name])} with one axis, got "
                f"{array.dtype} with shape {array.shape}. EventSet.of takes other types."
            )
    count = len(events.labels)
    lengths = {name: len(array) for name, array in arrays.items()}
    expected = dict.fromkeys(lengths, count) | {
        "low": lengths["addresses"],
        "addresses": lengths["low"],
        "boundaries": int(events.first_period[-1]) + 1
        if count + 1 == lengths["first_period"]
        else 1,
        "first_period": count + 1,
    }
    for name, length in lengths.items():
        if length != expected[name]:
            raise ValueError(
                f"EventSet expects {name} of length {expected[name]} for {count} labels and "
                f"{lengths['low']} events, got {length}."
            )
    for name, end in (
        ("first_period", lengths["boundaries"] - 1),
        ("boundaries", lengths["low"]),
    ):
        array = arrays[name]
        if array[0] != 0 or array[-1] != end or (array[1:] < array[:-1]).any():
            raise ValueError(
                f"EventSet expects {name} that never fall, from 0 to {end}, got {array[0]} to "
                f"{array[-1]}."
            )
    last = events.first_period[1:][np.diff(events.first_period) > 0]
    if (events.boundaries[last - 1] == events.boundaries[last]).any():
        raise ValueError(
            "EventSet expects an event in the last period of every sample that has any."
        )
    if count and not (events.labels.min() >= -1 and events.labels.max() < len(events.classes)):
        raise ValueError(
            f"EventSet expects labels from 0 to {len(events.classes) - 1}, or -1 for none, got "
            f"labels from {events.labels.min()} to {events.labels.max()}."
        )


def check_events(
    times: Int64Array,
    addresses: npt.NDArray[Any],
    offsets: Int64Array,
    sensor: Sensor,
    first: int = 0,
) -> None:
    """Refuse events before the start of their sample, out of order or outside the sensor."""
    falls = times[1:] < times[:-1]
    if falls.any():
        falls[offsets[(offsets > 0) & (offsets < len(times))] - 1] = False
    outside = (addresses < 0) | (addresses >= sensor.channels)
    for wrong, shift in ((times < 0, 0), (falls, 1), (outside, 0)):
        if not wrong.any():
            continue
        at = int(wrong.argmax()) + shift
        sample = int(np.searchsorted(offsets, at, side="right")) - 1
        place = f"event {at - int(offsets[sample])} of sample {first + sample}"
        if wrong is outside:
            line = f"has address {addresses[at]}, outside {sensor} with {sensor.channels} channels"
        elif wrong is falls:
            line = (
                f"comes at {times[at]} after {times[at - 1]}: events are expected in time order. "
                "Did a counter wrap, or are they unsorted? Sort each sample by time first"
            )
        else:
            line = f"comes at {times[at]} microseconds, before the start of its sample"
        raise ValueError(f"{place} {line}.")


def check_recordings(recordings: Sequence[Recording], sensor: Sensor) -> None:
    """Refuse recordings of another sensor, or with columns that a set does not hold."""
    for i, one in enumerate(recordings):
        if one.sensor != sensor:
            raise ValueError(
                f"EventSet.from_recordings expects recordings of one sensor, {sensor}, got "
                f"{one.sensor} at {i}."
            )
        if one.extra:
            raise ValueError(
                f"EventSet holds times and addresses, and recording {i} has "
                f"{', '.join(one.extra)} as well. To leave that out, write "
                "dataclasses.replace(recording, extra={})."
            )
