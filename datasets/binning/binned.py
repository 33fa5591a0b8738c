"""A set of events as samples of a fixed length, for training."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float32Array, Int64Array
from axonal.datasets._checks import sample_index
from axonal.datasets._sample import Sample
from axonal.datasets.binning._batch import Batch
from axonal.datasets.binning._counts import counts
from axonal.datasets.binning.grid import Grid
from axonal.datasets.events.event_set import EventSet


@dataclass(frozen=True, eq=False)
class Binned:
    """Counts of events on a grid that does not depend on the data, a batch at a time.

    Args:
        events: the samples.
        grid: the steps; what lies outside is left out, and counted by `dropped`.

    >>> from axonal.datasets import Binned, EventSet, Grid, Sensor
    >>> events = EventSet.of([0, 900, 2100], [0, 0, 0], [0, 3], [0], sensor=Sensor(1), classes="a")
    >>> binned = Binned(events, Grid(dt=0.001, steps=2))
    >>> binned.dense([0]).ravel().tolist(), binned.dropped
    ([2.0, 0.0], 1)
    """

    events: EventSet
    grid: Grid

    @property
    def labels(self) -> Int64Array:
        """Class of every sample ``[n]``."""
        return self.events.labels

    @property
    def steps(self) -> int:
        """Number of steps T."""
        return self.grid.steps

    @property
    def dropped(self) -> int:
        """Number of events that lie outside the grid."""
        return int(Batch.of(self.events, self.grid, None, "Binned").outside.sum())

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, index: int) -> Sample:
        """Counts ``[T, N]`` and label of a sample; see `Sample`."""
        sample = sample_index(index, len(self), self.events.name)
        return Sample(self.dense([sample])[:, 0], int(self.labels[sample]))

    def dense(self, indices: npt.ArrayLike) -> Float32Array:
        """Counts of several samples as one batch, time first.

        Args:
            indices: whole numbers ``[B]``, the samples to take, in this order.

        Returns:
            counts ``[T, B, N]``, float32.

        Raises:
            TypeError: indices that are no whole numbers ``[B]``.
            IndexError: an index that is no sample.
        """
        return counts(self.events, self.grid, indices, dtype=np.float32).values
