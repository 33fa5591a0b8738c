"""Events shared between the two nodes of a grid around them."""

import numpy as np
import numpy.typing as npt

from axonal.datasets.binning import _kernels
from axonal.datasets.binning._batch import Batch, empty
from axonal.datasets.binning.frames import Frames
from axonal.datasets.binning.grid import Grid
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.recording import Recording


def voxel_grid(
    events: EventSet | Recording, grid: Grid, indices: npt.ArrayLike | None = None
) -> Frames:
    """Voxel grids, bilinear in time, as one batch, time first.

    V_k(x, y) = sum_i p_i max(0, 1 - abs(k - t*_i)), t*_i = (T - 1) (t_i - t0) / (T dt), over the
    events of pixel x, y; p_i = 1 for polarity 1 and -1 for polarity 0, always 1 for a sensor
    without polarities. The source normalises by the first and last event; here it is the grid that
    says where node 0 and node T - 1 lie, so that they do not depend on the data.

    Args:
        events: a set, or a single recording, whose grid is then on its own clock.
        grid: T nodes, from t0 to t0 + T dt, both closed.
        indices: the samples to take ``[B]``, in this order; by default all.

    Returns:
        float32 ``[T, B, height * width]``, whose sum is that of the polarities of all events but
        those outside.

    Raises:
        TypeError, IndexError, ValueError: as `counts`.

    Source: Zhu, Yuan, Chaney and Daniilidis, Unsupervised event-based learning of optical flow,
    depth, and egomotion, CVPR 2019, equations 1 and 2.

    >>> from axonal.datasets import Grid, Recording, Sensor, voxel_grid
    >>> recording = Recording.of([500], [0], [0], [1], Sensor(1, 1, 2))
    >>> voxel_grid(recording, Grid(dt=0.001, steps=2)).values.ravel().tolist()
    [0.75, 0.25]
    """
    batch = Batch.of(events, grid, indices, "voxel_grid")
    pixels = batch.sensor.width * batch.sensor.height
    values = empty((grid.steps, len(batch), pixels), np.float32, "voxel_grid", batch.decoded)
    scale, strangers = (grid.steps - 1) / (grid.steps * grid.step), 0
    for b, (times, addresses, cuts) in enumerate(batch.parts()):
        nodes = (grid.start, scale, pixels, batch.sensor.channels, values, b)
        strangers += _kernels.kernels().voxel(times, addresses, cuts, *nodes)
    batch.refuse(strangers)
    none = np.zeros(len(batch), np.int64)
    return Frames(values, batch.sizes, batch.outside, none, none)
