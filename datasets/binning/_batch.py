"""The samples that are binned together, and which of their events lie in which step."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray, Int64Array
from axonal._base.memory import available_bytes
from axonal._base.threads import shards
from axonal.datasets._checks import sample_indices
from axonal.datasets.binning import _kernels
from axonal.datasets.binning.grid import Grid
from axonal.datasets.events.event_set import EventSet
from axonal.datasets.events.recording import Recording
from axonal.datasets.events.sensor import Sensor

EDGES = 1 << 16
"""Edges that are looked for at a time."""
LARGE = 1 << 30
"""Bytes from which on memory is asked for before it is taken."""
PER_EVENT = 3 * 8
"""Bytes per event of a sample that is decoded: two for a while, and the sample before it."""
PER_CUT = 2 * 8
"""Bytes per cut of a sample, and of the one before it."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Events of some samples, cut at the edges of a grid.

    Args:
        events: where they come from.
        chosen: the samples, empty for a single recording.
        addresses: of all events of the set.
        cuts: step k of sample b holds events ``cuts[b, k]`` to ``cuts[b, k + 1] - 1``;
            ``[B, T + 1]``.
        sizes: events of each sample ``[B]``.
    """

    events: EventSet | Recording
    chosen: Int64Array
    addresses: AnyArray
    cuts: Int64Array
    sizes: Int64Array

    @classmethod
    def of(
        cls, events: EventSet | Recording, grid: Grid, indices: npt.ArrayLike | None, who: str
    ) -> "Batch":
        """Cut some samples, by default all; a single recording takes no indices."""
        if not isinstance(grid, Grid):
            raise TypeError(f"{who} expects a Grid, got {grid!r}. Write Grid(dt=0.01, steps=100).")
        if isinstance(events, Recording):
            if indices is not None:
                raise TypeError(f"{who} takes indices of an EventSet, got them for a Recording.")
            cuts = empty((1, grid.steps + 1), np.int64, who)
            for first in range(0, grid.steps + 1, EDGES):  # all at once take as much again
                part = np.arange(first, min(first + EDGES, grid.steps + 1))
                edges = grid.start + grid.step * part
                cuts[0, first : first + EDGES] = np.searchsorted(events.times, edges)
            cuts[0, -1] = np.searchsorted(events.times, grid.stop, side="right")
            size = np.array([len(events)])
            return cls(events, np.zeros(0, np.int64), fixed(events.addresses), cuts, size)
        if not isinstance(events, EventSet):
            raise TypeError(
                f"{who} expects an EventSet or a Recording, got {type(events).__name__}."
            )
        every = np.arange(len(events)) if indices is None else indices
        chosen = sample_indices(every, len(events), who, events.name)
        cuts = empty((len(chosen), grid.steps + 1), np.int64, who)
        if len(chosen):
            low, bounds = fixed(events.low), fixed(events.boundaries)
            arguments = (low, bounds, fixed(events.first_period), fixed(chosen))
            cut = _kernels.kernels().cut
            shards(cut, len(chosen), cuts.nbytes, *arguments, grid.start, grid.step, cuts)
        sizes = np.diff(events.boundaries[events.first_period[[chosen, chosen + 1]]], axis=0)[0]
        return cls(events, chosen, fixed(events.addresses), cuts, sizes)

    def __len__(self) -> int:
        return len(self.cuts)

    @property
    def sensor(self) -> Sensor:
        """The geometry."""
        return self.events.sensor

    @property
    def outside(self) -> Int64Array:
        """Events of each sample that lie on no step ``[B]``."""
        return self.sizes - (self.cuts[:, -1] - self.cuts[:, 0])

    @property
    def decoded(self) -> int:
        """Bytes that `parts` takes at most at a time."""
        if isinstance(self.events, Recording):
            return 0
        cuts: int = self.cuts.shape[1]
        return PER_EVENT * int(self.sizes.max(initial=0)) + PER_CUT * cuts

    def parts(self) -> Iterator[tuple[Int64Array, AnyArray, Int64Array]]:
        """Times, addresses and cuts of each sample, one by one, counted from its first event."""
        if isinstance(self.events, Recording):
            yield fixed(self.events.times), self.addresses, fixed(self.cuts[0])
            return
        first = self.events.offsets
        for sample, cuts in zip(self.chosen.tolist(), self.cuts, strict=True):
            part = slice(int(first[sample]), int(first[sample + 1]))
            times = fixed(self.events.times(sample))
            yield times, self.addresses[part], fixed(cuts - part.start)

    def refuse(self, strangers: int) -> None:
        """Refuse events outside the sensor, which kernels leave out and count.

        Raises:
            ValueError: there are some.
        """
        if strangers:
            name = getattr(self.events, "name", "the recording")
            raise ValueError(
                f"{name} has {strangers} events outside {self.sensor} among those binned: its "
                "arrays were changed or damaged since they were made. EventSet.check names the "
                "first."
            )


def fixed(array: AnyArray) -> AnyArray:
    """The same array, read-only: kernels are compiled once for arrays of memory and of files."""
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike, who: str, beside: int = 0) -> AnyArray:
    """A new array of any content; filling it takes some bytes beside it.

    Raises:
        ValueError: it is larger than what memory is left.
    """
    check_memory(shape, np.dtype(dtype).itemsize, who, beside)
    return np.empty(shape, dtype)


def check_memory(shape: tuple[int, ...], width: int, who: str, beside: int = 0) -> None:
    """Refuse an array of some bytes per element that is larger than what memory is left.

    Raises:
        ValueError: it is.
    """
    size = int(np.prod([float(n) for n in shape])) * width + beside
    if size > LARGE and size > available_bytes():
        raise ValueError(
            f"{who} would take {size / 1e9:.1f} GB for {list(shape)}, more memory than is left. "
            "Bin fewer samples at a time: indices says which."
        )


def given(out: AnyArray, shape: tuple[int, ...], dtypes: tuple[str, ...], who: str) -> AnyArray:
    """Check an array that results go into.

    Raises:
        TypeError: it is no array of one of these types.
        ValueError: it has another shape or order, or is read-only.
    """
    native = isinstance(out, np.ndarray) and out.dtype.isnative
    if not native or out.dtype.name not in dtypes:
        found = getattr(out, "dtype", type(out).__name__)
        raise TypeError(f"{who} expects out as an array of {' or '.join(dtypes)}, got {found}.")
    if out.shape != shape or not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(
            f"{who} expects out {list(shape)}, in C order and writable, got {list(out.shape)}."
        )
    return out
