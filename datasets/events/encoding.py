"""Times of many samples in two bytes per event: a low part, and where every period begins.

A time t >= 0 is 65536 k + low. The low part is kept for every event; k is known from the index of
the first event of each period of 65 536 ticks, which is also what finds a time without a search
through all events.
"""

import math
import operator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int64Array
from axonal.datasets.events.sensor import Sensor

PERIOD_BITS = 16
PERIOD = 1 << PERIOD_BITS
MOST_PERIODS = 1 << 20
"""Periods of one sample: 19 hours of microseconds, 8 MiB of boundaries."""
LATEST = MOST_PERIODS << PERIOD_BITS
"""Microseconds that every time in a sample is below."""

LowTimes = npt.NDArray[np.uint16]


class EncodedTimes(NamedTuple):
    """Times of samples that follow one another.

    Args:
        low: t mod 65536 ``[events]``.
        boundaries: index of the first event of every period, and the number of events
            ``[periods + 1]``.
        first_period: of every sample, and the number of periods ``[n + 1]``.
    """

    low: LowTimes
    boundaries: Int64Array
    first_period: Int64Array


def address_type(sensor: Sensor) -> np.dtype[np.unsignedinteger]:
    """Smallest type that addresses of a sensor are kept in."""
    return np.dtype(np.uint16 if sensor.channels <= 1 << 16 else np.uint32)


def encode(times: Int64Array, offsets: Int64Array) -> EncodedTimes:
    """Encode times >= 0 that never fall within a sample.

    Args:
        times: of all samples ``[events]``.
        offsets: sample i holds events ``offsets[i]`` to ``offsets[i + 1] - 1``; ``[n + 1]``.

    Raises:
        ValueError: a sample that lasts longer than `MOST_PERIODS` periods.

    >>> encode(np.array([5, 65540, 7]), np.array([0, 2, 3])).boundaries.tolist()
    [0, 1, 2, 3]
    """
    sizes = np.diff(offsets)
    periods = np.zeros(len(sizes), np.int64)
    filled = np.flatnonzero(sizes)
    periods[filled] = (times[offsets[filled + 1] - 1] >> PERIOD_BITS) + 1
    for sample in np.flatnonzero(periods > MOST_PERIODS)[:1]:
        check_span(int(times[offsets[sample + 1] - 1]), f"sample {sample}")
    first_period = np.concatenate([np.zeros(1, np.int64), np.cumsum(periods)])
    period = times >> PERIOD_BITS
    period += np.repeat(first_period[:-1], sizes)
    boundaries = np.zeros(first_period[-1] + 1, np.int64)
    np.cumsum(np.bincount(period, minlength=int(first_period[-1])), out=boundaries[1:])
    return EncodedTimes(low_part(times), boundaries, first_period)


def low_part(times: Int64Array) -> LowTimes:
    """The part of times that is kept for every event ``[events]``."""
    return times.astype(np.uint16)  # wraps, as unsigned types do


def decode(low: LowTimes, boundaries: Int64Array) -> Int64Array:
    """Times of the events of one sample, the inverse of `encode`.

    Args:
        low: of these events.
        boundaries: of the periods of the sample, and the end of the last ``[periods + 1]``.
    """
    times = low.astype(np.int64)
    times += np.repeat(np.arange(len(boundaries) - 1) << PERIOD_BITS, np.diff(boundaries))
    return times


def check_span(last: int, sample: str) -> None:
    """Refuse a sample whose last event comes so late that its index would fill memory.

    Raises:
        ValueError: one line that says what to write.
    """
    if last >> PERIOD_BITS >= MOST_PERIODS:
        raise ValueError(
            f"{sample} has an event {last} microseconds after its start, expected less than "
            f"{MOST_PERIODS << PERIOD_BITS} (19 hours). Are times those of a clock? Give starts, "
            "for example the first time of every recording; a wrapped counter looks the same."
        )


def first_tick(name: str, time: float) -> int:
    """The first whole microsecond at or after a time.

    Raises:
        TypeError: what is no number.
        ValueError: NaN.

    >>> first_tick("start", 1.5), first_tick("stop", 7)
    (2, 7)
    """
    try:
        return operator.index(time)  # type: ignore[arg-type]
    except TypeError:
        pass
    if not isinstance(time, float | np.floating) or math.isnan(time):
        kind = ValueError if isinstance(time, float | np.floating) else TypeError
        raise kind(f"EventSet.between expects {name} in microseconds, got {time!r}.")
    # beyond every sample, and within what numpy counts with
    return math.ceil(min(max(float(time), -LATEST), LATEST))
