"""Spike trains of many samples, and their rasters on a stated time grid."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float32Array, Int32Array, Int64Array, UInt16Array
from axonal._base.checks import number
from axonal.datasets._checks import positive_steps, sample_indices
from axonal.datasets._sample import Sample

MICROSECONDS = 1_000_000


@dataclass(frozen=True, eq=False)
class Events:
    """Labelled spike trains, one after the other: any number of spikes per channel, in time order.

    Sample i holds the spikes ``offsets[i]`` to ``offsets[i + 1] - 1``.

    Args:
        times: int32 ``[spikes]``, in whole microseconds from the start of the sample, >= 0.
        units: uint16 ``[spikes]``, the channel of each spike.
        offsets: int64 ``[n + 1]``, from 0 to the number of spikes, never falling.
        labels: int64 ``[n]``, from 0 to len(classes) - 1.
        speakers: int64 ``[n]``, who spoke.
        channels: number of channels, 1 to 65536.
        classes: name of each class.
        name: of the data in reports and figures.

    Raises:
        ValueError: arrays that do not fit each other, values out of range, times out of order.
        TypeError: arrays of other types than those above.

    >>> import numpy as np
    >>> from axonal.datasets import Events
    >>> events = Events(
    ...     np.int32([0, 900, 500]), np.uint16([0, 1, 1]), np.int64([0, 2, 3]), np.int64([1, 0]),
    ...     np.int64([0, 0]), channels=2, classes=("no", "yes"), name="two samples",
    ... )
    >>> len(events), events[0][0].tolist(), events.binned(dt=0.001, steps=1).dense([0]).tolist()
    (2, [0, 900], [[[1.0, 1.0]]])
    """

    times: Int32Array
    units: UInt16Array
    offsets: Int64Array
    labels: Int64Array
    speakers: Int64Array
    channels: int
    classes: tuple[str, ...]
    name: str

    def __post_init__(self) -> None:
        kinds = {"times": np.int32, "units": np.uint16}
        kinds |= dict.fromkeys(("offsets", "labels", "speakers"), np.int64)
        for field, kind in kinds.items():
            array = getattr(self, field)
            if array.dtype != kind or array.ndim != 1:
                raise TypeError(
                    f"Events expects {field} as {np.dtype(kind)} with one axis, got {array.dtype} "
                    f"with shape {array.shape}. Convert with .astype(numpy.{np.dtype(kind)})."
                )
        spikes, count = len(self.times), len(self.labels)
        shapes = (len(self.units), len(self.offsets), len(self.speakers))
        if shapes != (spikes, count + 1, count):
            raise ValueError(
                f"Events expects units [{spikes}] like times, offsets [{count + 1}] and speakers "
                f"[{count}] for {count} labels, got lengths {', '.join(map(str, shapes))}."
            )
        rising = (np.diff(self.offsets) >= 0).all()
        if self.offsets[0] != 0 or self.offsets[-1] != spikes or not rising:
            raise ValueError(
                f"Events expects offsets that never fall, from 0 to {spikes}, the number of "
                f"spikes, got {self.offsets[0]} to {self.offsets[-1]}."
            )
        if spikes and (self.times.min() < 0 or self.units.max() >= self.channels):
            raise ValueError(
                f"Events expects times >= 0 and units below {self.channels}, got times from "
                f"{self.times.min()} and units to {self.units.max()}."
            )
        if count and not (self.labels.min() >= 0 and self.labels.max() < len(self.classes)):
            raise ValueError(
                f"Events expects labels from 0 to {len(self.classes) - 1}, got labels from "
                f"{self.labels.min()} to {self.labels.max()}."
            )
        falls = np.flatnonzero(np.diff(self.times) < 0) + 1
        inside = falls[~np.isin(falls, self.offsets)]
        if len(inside):
            sample = int(np.searchsorted(self.offsets, inside[0], side="right")) - 1
            raise ValueError(
                f"Events expects spikes in time order, got sample {sample} out of order. Sort it "
                "by time first."
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Int32Array, UInt16Array, int]:
        """Times in microseconds, channels, and the label of a sample."""
        sample = range(len(self))[index]
        part = slice(self.offsets[sample], self.offsets[sample + 1])
        return self.times[part], self.units[part], int(self.labels[sample])

    def select(self, indices: npt.ArrayLike, name: str | None = None) -> "Events":
        """Some of the samples, in the order of the indices.

        Args:
            indices: whole numbers ``[B]``.
            name: of the new data; by default the old one.

        Raises:
            TypeError: indices that are no whole numbers ``[B]``.
            IndexError: an index that is no sample.
        """
        chosen = sample_indices(indices, len(self), "Events.select", self.name)
        spikes, _ = self._spikes(chosen)
        return Events(
            self.times[spikes],
            self.units[spikes],
            np.concatenate([[0], np.cumsum(np.diff(self.offsets)[chosen])]),
            self.labels[chosen],
            self.speakers[chosen],
            self.channels,
            self.classes,
            self.name if name is None else name,
        )

    def binned(self, dt: float, steps: int) -> "Binned":
        """The same samples as counts on a time grid; see `Binned`."""
        return Binned(self, dt, steps)

    def _spikes(self, chosen: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Places of the spikes of the chosen samples, and the number of the sample of each."""
        sizes = np.diff(self.offsets)[chosen]
        owner = np.repeat(np.arange(len(chosen)), sizes)
        shift = self.offsets[chosen] - (np.cumsum(sizes) - sizes)
        return np.arange(len(owner)) + shift[owner], owner


@dataclass(frozen=True, eq=False)
class Binned:
    """Spike counts on a time grid that does not depend on the data.

    c_k = number of spikes with k dt <= t < (k + 1) dt, for k = 0..steps - 1. Later spikes are left
    out, and counted by `dropped`.

    Args:
        events: the spikes.
        dt: seconds per step, a whole number of microseconds.
        steps: number of steps T.

    Raises:
        ValueError: dt or steps out of range.

    >>> import numpy as np
    >>> from axonal.datasets import Binned, Events
    >>> one, none = np.int64([0]), np.int64([0, 3])
    >>> times, units = np.int32([0, 900, 2100]), np.uint16([0, 0, 0])
    >>> events = Events(times, units, none, one, one, channels=1, classes=("a",), name="one")
    >>> binned = Binned(events, dt=0.001, steps=2)
    >>> binned.dense([0]).ravel().tolist(), binned.dropped
    ([2.0, 0.0], 1)
    """

    events: Events
    dt: float
    steps: int

    def __post_init__(self) -> None:
        positive_steps(self.steps, "Binned")
        dt = number("Binned", "dt", self.dt, 0, open_low=True) * MICROSECONDS
        if round(dt) < 1 or abs(dt - round(dt)) > 1e-6 * dt:
            raise ValueError(
                f"Binned expects dt as a whole number of microseconds in seconds, got {self.dt!r}. "
                "Is it in milliseconds? Write for example dt=0.01."
            )

    @property
    def labels(self) -> Int64Array:
        """Class of every sample ``[n]``."""
        return self.events.labels

    @property
    def dropped(self) -> int:
        """Number of spikes that come after the last step."""
        return int((self.events.times >= self._step * self.steps).sum())

    @property
    def _step(self) -> int:
        return round(self.dt * MICROSECONDS)

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, index: int) -> Sample:
        """Counts ``[T, N]`` and label of a sample; see `Sample`."""
        sample = range(len(self))[index]
        return Sample(self.dense([sample])[:, 0], int(self.labels[sample]))

    def dense(self, indices: npt.ArrayLike) -> Float32Array:
        """Counts of several samples as one batch, time first.

        Args:
            indices: whole numbers ``[B]``, the samples to take, in this order.

        Returns:
            Spike counts ``[T, B, N]``, float32.

        Raises:
            TypeError: indices that are no whole numbers ``[B]``.
            IndexError: an index that is no sample.
        """
        events = self.events
        chosen = sample_indices(indices, len(self), "Binned.dense", events.name)
        spikes, owner = events._spikes(chosen)
        step = events.times[spikes] // self._step
        kept = step < self.steps
        shape = (self.steps, len(chosen), events.channels)
        cell = np.ravel_multi_index((step[kept], owner[kept], events.units[spikes[kept]]), shape)
        counts = np.bincount(cell, minlength=self.steps * len(chosen) * events.channels)
        return counts.reshape(shape).astype(np.float32)
