"""Samples on a grid, and what became of every event."""

from dataclasses import dataclass

from axonal._base.array_types import AnyArray, Int64Array


@dataclass(frozen=True, eq=False)
class Frames:
    """A batch of binned samples, time first, in which no event is unaccounted for.

    Per sample, with n the sum of its counts, or its number of active cells:

        n + outside + saturated + merged = sizes

    Surfaces and voxel grids have no such sum: they say what is outside.

    Args:
        values: ``[T, B, C]``; of packed bits ``[T, B, ceil(C / 8)]``. ``torch.from_numpy`` takes it
            without a copy.
        sizes: events of each sample ``[B]``.
        outside: those before the first or after the last edge of the grid ``[B]``.
        saturated: those that a cell at its largest count did not take ``[B]``, 0 but for counts.
        merged: those in a cell that was active already ``[B]``, 0 but for active cells.

    >>> import torch
    >>> from axonal.datasets import EventSet, Grid, Sensor, counts
    >>> events = EventSet.of([0, 5, 9000], [1, 1, 0], [0, 3], [0], sensor=Sensor(2), classes="a")
    >>> frames = counts(events, Grid(dt=0.001, steps=2))
    >>> torch.from_numpy(frames.values).tolist(), frames.outside.tolist()
    ([[[0, 2]], [[0, 0]]], [1])
    """

    values: AnyArray
    sizes: Int64Array
    outside: Int64Array
    saturated: Int64Array
    merged: Int64Array
