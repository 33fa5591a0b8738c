"""The events of a batch as a list, for layers that compute where there are some."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int64Array
from axonal._base.threads import shards
from axonal.datasets.binning import _kernels
from axonal.datasets.binning._batch import Batch, check_memory, empty, fixed
from axonal.datasets.binning.grid import Grid
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.recording import Recording

PER_CELL = 3 * 8
"""Bytes per cell beside the cuts: sizes, offsets, and an index for a while."""
PER_EVENT = 4 * 8
"""Bytes per event: channel, index of the cell, step and sample."""


@dataclass(frozen=True, eq=False)
class EventList:
    """Events on a grid by step, then sample, then channel; one entry for every event.

    Several events of one cell are several entries next to one another.

    Args:
        step: ``[K]``.
        sample: place in the batch ``[K]``.
        channel: ``[K]``.
        offsets: those of step k and sample b are ``offsets[k * B + b]`` to the next, ``[T B + 1]``.
        outside: events of each sample that lie on no step ``[B]``; K + sum(outside) is the number
            of events.

    >>> from axonal.datasets import EventSet, Grid, Sensor, event_list
    >>> events = EventSet.of([5, 6, 1500], [2, 0, 1], [0, 3], [0], sensor=Sensor(3), classes="a")
    >>> found = event_list(events, Grid(dt=0.001, steps=2))
    >>> found.step.tolist(), found.channel.tolist(), found.offsets.tolist()
    ([0, 0, 1], [0, 2, 1], [0, 2, 3])
    """

    step: Int64Array
    sample: Int64Array
    channel: Int64Array
    offsets: Int64Array
    outside: Int64Array


def event_list(
    events: EventSet | Recording, grid: Grid, indices: npt.ArrayLike | None = None
) -> EventList:
    """List the events of some samples by step, sample and channel.

    Args:
        events: a set, or a single recording, whose grid is then on its own clock.
        grid: the steps.
        indices: the samples to take ``[B]``, in this order; by default all.

    Raises:
        TypeError, IndexError, ValueError: as `counts`.

    `EventList` shows an example.

    >>> from axonal.datasets import Grid, Recording, Sensor, event_list
    >>> event_list(Recording.of([7], [1], 0, 0, Sensor(2)), Grid(dt=0.001, steps=1)).channel
    array([1])
    """
    batch = Batch.of(events, grid, indices, "event_list")
    shape = (grid.steps, len(batch))
    check_memory(shape, PER_CELL, "event_list")
    sizes = np.diff(batch.cuts, axis=1).T.ravel()
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    check_memory((int(offsets[-1]),), PER_EVENT, "event_list")
    channel = empty((int(offsets[-1]),), np.int64, "event_list")
    if len(batch):
        arguments = (batch.addresses, fixed(batch.cuts), offsets, batch.sensor.channels, channel)
        shards(_kernels.kernels().collect, len(sizes), channel.nbytes, *arguments)
    batch.refuse(int((channel >= batch.sensor.channels).sum()))
    cells = np.repeat(np.arange(len(sizes)), sizes)
    step, sample = np.divmod(cells, max(len(batch), 1))
    return EventList(step, sample, channel, offsets, batch.outside)
