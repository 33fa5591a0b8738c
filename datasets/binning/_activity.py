"""Cells with an event or without one, as bool or as bits."""

from collections.abc import Callable

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


def active(
    events: EventSet | Recording,
    grid: Grid,
    indices: npt.ArrayLike | None = None,
    *,
    out: AnyArray | None = None,
) -> Frames:
    """Cells of step and channel in which there is an event, as one batch, time first.

    Args:
        events: a set, or a single recording, whose grid is then on its own clock.
        grid: the steps.
        indices: the samples to take ``[B]``, in this order; by default all.
        out: bool ``[T, B, C]`` to be written into and returned, in the place of a new array.

    Returns:
        bool ``[T, B, C]``, and what is not in it per sample: active + merged + outside = events.

    Raises:
        TypeError, IndexError, ValueError: as `counts`.

    >>> from axonal.datasets import EventSet, Grid, Sensor, active
    >>> events = EventSet.of([0, 400, 2000], [0, 0, 1], [0, 3], [0], sensor=Sensor(2), classes="a")
    >>> frames = active(events, Grid(dt=0.001, steps=2))
    >>> frames.values[:, 0].tolist(), frames.merged.tolist()
    ([[True, False], [False, True]], [1])
    """
    batch = Batch.of(events, grid, indices, "active")
    shape = (grid.steps, len(batch), batch.sensor.channels)
    cells = (
        empty(shape, np.bool_, "active") if out is None else given(out, shape, ("bool",), "active")
    )
    return _marked(batch, _kernels.kernels().mark, cells, cells.view(np.uint8))


def packed(
    events: EventSet | Recording,
    grid: Grid,
    indices: npt.ArrayLike | None = None,
    *,
    out: AnyArray | None = None,
) -> Frames:
    """The cells of `active` in an eighth of the memory, one bit each.

    Channel c is bit c mod 8 of byte c div 8, the lowest first:
    ``numpy.unpackbits(values, axis=-1, count=C, bitorder="little")`` are the cells.

    Args:
        events: a set, or a single recording, whose grid is then on its own clock.
        grid: the steps.
        indices: the samples to take ``[B]``, in this order; by default all.
        out: uint8 ``[T, B, ceil(C / 8)]`` to be written into and returned.

    Returns:
        uint8 ``[T, B, ceil(C / 8)]``, and what is not in it per sample:
        active + merged + outside = events.

    Raises:
        TypeError, IndexError, ValueError: as `counts`.

    >>> from axonal.datasets import EventSet, Grid, Sensor, packed
    >>> events = EventSet.of([0, 400, 2000], [0, 0, 1], [0, 3], [0], sensor=Sensor(2), classes="a")
    >>> packed(events, Grid(dt=0.001, steps=2)).values[:, 0].tolist()
    [[1], [2]]
    """
    batch = Batch.of(events, grid, indices, "packed")
    shape = (grid.steps, len(batch), -(-batch.sensor.channels // 8))
    bits = (
        empty(shape, np.uint8, "packed") if out is None else given(out, shape, ("uint8",), "packed")
    )
    return _marked(batch, _kernels.kernels().pack, bits, bits)


def _marked(batch: Batch, kernel: Callable[..., int], values: AnyArray, bytes_: AnyArray) -> Frames:
    merged = np.zeros(len(batch), np.int64)
    if len(batch):
        arguments = (batch.addresses, fixed(batch.cuts), batch.sensor.channels, bytes_, merged)
        batch.refuse(sum(shards(kernel, len(batch), values.nbytes, *arguments)))
    return Frames(values, batch.sizes, batch.outside, np.zeros_like(merged), merged)
