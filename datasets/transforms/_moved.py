"""Steps that transforms share: events at new places, at new times, and events that become one."""

from collections.abc import Mapping

import numpy as np

from axonal._base.array_types import AnyArray, BoolArray, Int64Array, UInt32Array
from axonal.datasets.events import Recording, Sensor
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally

FARTHEST = 2**62
"""Microseconds, 146 thousand years: the sum of two such times is an int64 still."""


def relocated(
    recording: Recording, x: Int64Array, y: Int64Array, p: Int64Array, sensor: Sensor
) -> Outcome:
    """The events at other places ``[events]``; those outside the sensor are left out."""
    inside = (x >= 0) & (x < sensor.width) & (y >= 0) & (y < sensor.height)
    addresses = ((p * sensor.height + y) * sensor.width + x)[inside].astype(np.uint32)
    extra = {name: array[inside] for name, array in recording.extra.items()}
    moved = Recording(recording.times[inside], addresses, sensor, extra)
    return Outcome(moved, Tally(outside=len(recording) - len(moved)))


def retimed(recording: Recording, times: Int64Array, start: int | None) -> Outcome:
    """The events at other times ``[events]``, in order again; those before start are left out.

    Events of equal times keep their order.
    """
    order = np.argsort(times, kind="stable")
    if start is not None:
        order = order[int(np.searchsorted(times, start, sorter=order)) :]
    moved = in_order(times, recording.addresses, recording.sensor, recording.extra, order)
    return Outcome(moved, Tally(outside=len(recording) - len(moved)))


def in_order(
    times: Int64Array,
    addresses: UInt32Array,
    sensor: Sensor,
    extra: Mapping[str, AnyArray],
    order: Int64Array,
) -> Recording:
    """A recording of events ``[events]``, taken by indices that need not rise."""
    arrays = {name: array[order] for name, array in extra.items()}
    return Recording(times[order], addresses[order], sensor, arrays)


def merged(recording: Recording, within: int) -> Outcome:
    """One event for all of a channel that follow within so many microseconds, the first."""
    kept = silenced(recording.times, recording.addresses, within)
    if kept.all():
        return Outcome(recording)
    left = recording.take(kept)
    return Outcome(left, Tally(merged=len(recording) - len(left)))


def silenced(times: Int64Array, cells: UInt32Array, period: int) -> BoolArray:
    """Whether an event comes more than a period after the last one of its cell that was kept."""
    check_clock("a period of silence", times)
    size = int(cells.max()) + 1 if len(cells) else 0
    if size > 4 * len(cells) + (1 << 20):
        # the size of the sensor is what a file says, and may be any number
        found, places = np.unique(cells, return_inverse=True)
        size, cells = len(found), places.astype(np.uint32)
    # the compiler is imported where it is needed
    from axonal.datasets.transforms import cpu

    kept = np.empty(len(times), np.bool_)
    ready = np.full(size, np.iinfo(np.int64).min)
    cpu.silence(times, cells, period, ready, kept)
    return kept


def check_clock(who: str, times: Int64Array) -> None:
    """Refuse times that sums with other times could carry out of int64."""
    if len(times) and (times[0] < -FARTHEST or times[-1] > FARTHEST):
        raise ValueError(
            f"{who} expects times of at most {FARTHEST} microseconds either way, got {times[0]} to "
            f"{times[-1]}. Is it another unit, or a clock that was read wrongly?"
        )
