"""Counts of events per step and channel."""

from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray
from axonal._base.threads import shards
from axonal.datasets.binning import _kernels
from axonal.datasets.binning._batch import Batch, empty, fixed, given
from axonal.datasets.binning.frames import Frames
from axonal.datasets.binning.grid import Grid
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.recording import Recording

MOST = {"uint8": 2**8 - 1, "uint16": 2**16 - 1, "float32": 2**24}
"""Largest count of each type; float32 holds every whole number up to it."""


def counts(
    events: EventSet | Recording,
    grid: Grid,
    indices: npt.ArrayLike | None = None,
    *,
    dtype: npt.DTypeLike = np.uint8,
    out: AnyArray | None = None,
) -> Frames:
    """Counts of events per step and channel, as one batch, time first.

    Args:
        events: a set, or a single recording, whose grid is then on its own clock.
        grid: the steps.
        indices: the samples to take ``[B]``, in this order; by default all.
        dtype: uint8, uint16 or float32. A cell stays at the largest number of its type (2^24 for
            float32), and what it does not take is counted as saturated.
        out: ``[T, B, C]`` to be written into and returned, in the place of a new array; it decides
            the type.

    Returns:
        counts ``[T, B, C]`` of that type, and what is not in them per sample:
        sum + outside + saturated = events.

    Raises:
        TypeError: what is no set, grid or array of these types; indices that are no whole numbers.
        IndexError: an index that is no sample.
        ValueError: ``out`` of another shape, more than memory holds, or events outside the sensor
            because the arrays are damaged.

    >>> from axonal.datasets import EventSet, Grid, Sensor, counts
    >>> events = EventSet.of(
    ...     [0, 400, 2000, 2001], [0, 0, 1, 1], [0, 4], [0], sensor=Sensor(2), classes=("a",)
    ... )
    >>> frames = counts(events, Grid(dt=0.001, steps=2))
    >>> frames.values[:, 0].tolist(), frames.outside.tolist(), frames.saturated.tolist()
    ([[2, 0], [0, 1]], [1], [0])
    """
    batch = Batch.of(events, grid, indices, "counts")
    shape = (grid.steps, len(batch), batch.sensor.channels)
    if out is None:
        kind = np.dtype(dtype)
        if kind.name not in MOST or not kind.isnative:
            found = kind.name if kind.isnative else f"{kind}, the byte order of another machine"
            raise TypeError(f"counts expects dtype as {' or '.join(MOST)}, got {found}.")
        values = empty(shape, kind, "counts")
    else:
        values = given(out, shape, tuple(MOST), "counts")
    most: Any = values.dtype.type(MOST[values.dtype.name])
    saturated = np.zeros(len(batch), np.int64)
    if len(batch):
        arguments = (batch.addresses, fixed(batch.cuts), shape[2], most, values, saturated)
        batch.refuse(sum(shards(_kernels.kernels().count, len(batch), values.nbytes, *arguments)))
    return Frames(values, batch.sizes, batch.outside, saturated, np.zeros_like(saturated))
