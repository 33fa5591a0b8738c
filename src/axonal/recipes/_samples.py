"""Data of recipes: labelled rasters, time first."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from axonal.datasets import Binned, Grid
from axonal.datasets.transforms import Transformed

if TYPE_CHECKING:
    from axonal.neuro import Events


class Samples(Protocol):
    """Labelled rasters of one length."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class of every sample `[n]`."""

    def __len__(self) -> int:
        """Number of samples n."""

    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Rasters `[T, B, N]` of the chosen samples `[B]`."""


@runtime_checkable
class Timed(Samples, Protocol):
    """Samples whose spikes have exact times, finer than steps."""

    def timed(self, indices: npt.ArrayLike) -> "Events":
        """Events of the chosen samples `[B]`, times in steps."""


@runtime_checkable
class _Renewed(Samples, Protocol):
    """Samples that every epoch of training sees in another form."""

    def in_epoch(self, epoch: int) -> Samples:
        """The samples as they are in an epoch, from 0: a pure function of its number."""


def in_epoch(samples: Samples, epoch: int) -> Samples:
    """The samples of an epoch: others where they are `_Renewed`, otherwise always the same.

    >>> import numpy as np
    >>> from axonal import recipes
    >>> rasters = recipes.Rasters(np.zeros((2, 1, 3), np.uint8), np.array([0]))
    >>> in_epoch(rasters, 4) is rasters
    True
    """
    return samples.in_epoch(epoch) if isinstance(samples, _Renewed) else samples


@dataclass(frozen=True, eq=False)
class Derived(ABC):
    """Samples made from others, whose labels they have.

    Args:
        source: the other samples.
    """

    source: Samples

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class of every sample `[n]`."""
        return self.source.labels

    def __len__(self) -> int:
        return len(self.source)

    @abstractmethod
    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Rasters `[T, B, N]` of the chosen samples `[B]`."""


@dataclass(frozen=True, eq=False)
class Padded(Derived):
    """Samples followed by silent steps, in which delayed spikes still arrive.

    Args:
        source: the samples.
        silence: silent steps after each sample, >= 0.

    >>> held = Rasters(np.ones((5, 2, 3), np.uint8), np.array([0, 1]))
    >>> Padded(held, silence=2).dense([1]).shape
    (7, 1, 3)
    """

    silence: int

    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Rasters `[T + silence, B, N]` of the chosen samples `[B]`."""
        return np.pad(self.source.dense(indices), ((0, self.silence), (0, 0), (0, 0)))


@dataclass(frozen=True, eq=False)
class Rasters:
    """Samples held as rasters, any number of spikes per neuron.

    Args:
        spikes: 0 or 1, uint8 `[T, n, N]`.
        labels: class of every sample, int64 `[n]`.

    >>> held = Rasters(np.ones((5, 2, 3), np.uint8), np.array([0, 1]))
    >>> len(held), held.dense([1]).shape
    (2, (5, 1, 3))
    """

    spikes: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Rasters `[T, B, N]` of the chosen samples `[B]`."""
        return self.spikes[:, np.asarray(indices)].astype(np.float32)


@dataclass(frozen=True, eq=False)
class Augmented:
    """Events that are transformed anew for every epoch, as counts on a grid.

    Args:
        events: the samples behind their transform; its seed decides what is drawn.
        grid: the steps.

    >>> from axonal import recipes
    >>> from axonal.datasets import EventSet, Grid, Sensor
    >>> from axonal.datasets.transforms import Shift, Transformed
    >>> events = EventSet.of([5, 9], [3, 4], [0, 2], [0], sensor=Sensor(8), classes="a")
    >>> samples = recipes.Augmented(Transformed(events, Shift(3)), Grid(dt=0.001, steps=1))
    >>> drawn = [samples.in_epoch(epoch).dense([0]) for epoch in (0, 0, 1, 2)]
    >>> bool((drawn[0] == drawn[1]).all()), bool((drawn[2] == drawn[3]).all())
    (True, False)
    """

    events: Transformed
    grid: Grid

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class of every sample `[n]`."""
        return self.events.labels

    def __len__(self) -> int:
        return len(self.events)

    def in_epoch(self, epoch: int) -> "Augmented":
        """The samples as they are drawn for an epoch."""
        return replace(self, events=self.events.at(epoch))

    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Counts `[T, B, N]` of the chosen samples `[B]`."""
        found = self.events.gather(indices).events
        return Binned(found, self.grid).dense(range(len(found)))
