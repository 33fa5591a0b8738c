"""The age of the last event of every channel."""

import numpy as np
import numpy.typing as npt

from axonal._base.checks import number
from axonal.datasets.binning import _kernels
from axonal.datasets.binning._batch import Batch, empty
from axonal.datasets.binning.frames import Frames
from axonal.datasets.binning.grid import MICROSECONDS, Grid
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.recording import Recording


def time_surface(
    events: EventSet | Recording,
    grid: Grid,
    indices: npt.ArrayLike | None = None,
    *,
    tau: float,
) -> Frames:
    """Exponential time surfaces at the end of every step, as one batch, time first.

    S_k(c) = exp(-(t0 + (k + 1) dt - t_c) / tau), with t_c the time of the last event of channel c
    on the grid up to the end of step k, and 0 where there was none.

    Args:
        events: a set, or a single recording, whose grid is then on its own clock.
        grid: the steps.
        indices: the samples to take ``[B]``, in this order; by default all.
        tau: time constant of the decay, seconds > 0.

    Returns:
        float32 ``[T, B, C]``, from 0 to 1. Every event within the grid is in it until a later one
        of its channel comes.

    Raises:
        TypeError, IndexError, ValueError: as `counts`; tau out of range.

    Source: Lagorce, Orchard, Galluppi, Shi and Benosman, HOTS, IEEE TPAMI 39, 2017.

    >>> from axonal.datasets import Grid, Recording, Sensor, time_surface
    >>> recording = Recording.of([1000], [0], 0, 0, Sensor(1))
    >>> frames = time_surface(recording, Grid(dt=0.001, steps=3), tau=0.001)
    >>> frames.values.ravel().astype(float).round(3).tolist()
    [0.0, 0.368, 0.135]
    """
    decay = number("time_surface", "tau", tau, 0, open_low=True) * MICROSECONDS
    batch = Batch.of(events, grid, indices, "time_surface")
    channels = batch.sensor.channels
    shape, row = (grid.steps, len(batch), channels), 8 * channels
    values = empty(shape, np.float32, "time_surface", batch.decoded + row)
    strangers = 0
    for b, (times, addresses, cuts) in enumerate(batch.parts()):
        surface = (grid.start, grid.step, decay, channels, values, b)
        strangers += _kernels.kernels().surface(times, addresses, cuts, *surface)
    batch.refuse(strangers)
    none = np.zeros(len(batch), np.int64)
    return Frames(values, batch.sizes, batch.outside, none, none)
