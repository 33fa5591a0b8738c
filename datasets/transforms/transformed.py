"""A set whose samples are transformed when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int64Array
from axonal._base.checks import seed as checked_seed
from axonal.datasets._checks import sample_index, sample_indices
from axonal.datasets.events import EventSet, LabelledRecording, Recording, Sensor
from axonal.datasets.transforms.blend import Blend
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.transform import Transform


class Gathered(NamedTuple):
    """Transformed samples in memory, and what became of their events.

    Attributes:
        events: the samples.
        tally: the sum over all of them.
    """

    events: EventSet
    tally: Tally


@dataclass(frozen=True, eq=False)
class Transformed:
    """An `EventSet` behind a transform: sample i is transformed when it is read.

    Chance is keyed by (seed, epoch, i): any number of processes, in any order, gives the same
    samples, and `at` gives those of another epoch. Nothing is kept, so memory stays that of the
    set, which may lie in a file; `write_events` takes a transformed set, and `Origin` its
    description.

    Args:
        events: the samples.
        transform: for each; `Compose` for several.
        seed: of the run.
        epoch: pass over the data.
        blend: mixes each sample, before it is transformed, with another one of its class that is
            drawn at random; one that is alone in its class, or has no label, stays as it is.

    >>> import numpy as np
    >>> from axonal.datasets import EventSet, Sensor
    >>> from axonal.datasets.transforms import DropEvents, Transformed
    >>> events = EventSet.of(
    ...     np.arange(90), np.zeros(90, int), [0, 50, 90], [1, 0], sensor=Sensor(1), classes="ab"
    ... )
    >>> augmented = Transformed(events, DropEvents(0.5), seed=0)
    >>> batch, tally = augmented.at(epoch=3).gather([1, 0])
    >>> batch.labels.tolist(), tally.after(90) == batch.event_count
    ([0, 1], True)
    """

    events: EventSet
    transform: Transform
    seed: int = 0
    epoch: int = 0
    blend: Blend | None = None

    def __post_init__(self) -> None:
        checked_seed("Transformed", self.seed)
        Key(self.seed, self.epoch)
        if not isinstance(self.events, EventSet) or not isinstance(self.transform, Transform):
            raise TypeError(
                f"Transformed expects an EventSet and a transform, got {type(self.events).__name__}"
                f" and {self.transform!r}. Write Transformed(events, Flip('x'))."
            )

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.events)

    def __getitem__(self, index: int) -> LabelledRecording:
        """Recording and label of a sample after the transform."""
        sample = sample_index(index, len(self), self.events.name)
        outcome, before = self.apply(sample), self.events[sample]
        return replace(before, recording=outcome.recording, start=before.start + outcome.start)

    def __iter__(self) -> Iterator[LabelledRecording]:
        """Yield every sample."""
        return (self[sample] for sample in range(len(self)))

    @property
    def labels(self) -> Int64Array:
        """Class of every sample ``[n]``."""
        return self.events.labels

    @cached_property
    def sensor(self) -> Sensor:
        """The geometry after the transform."""
        nothing = Recording.of([], 0, 0, 0, self.events.sensor)
        return self.transform(nothing, Key(self.seed)).sensor

    def at(self, epoch: int) -> "Transformed":
        """The samples of another epoch."""
        return replace(self, epoch=epoch)

    def apply(self, index: int) -> Outcome:
        """A sample after the transform, with the account of its events."""
        sample = sample_index(index, len(self), self.events.name)
        key = Key(self.seed, self.epoch, sample)
        outcome = Outcome(self.events[sample].recording)
        if self.blend is not None:
            outcome = self._blended(sample, key.within(1))
        after = self.transform.apply(outcome.recording, key.within(0))
        return Outcome(after.recording, outcome.tally + after.tally, after.start)

    def gather(self, indices: npt.ArrayLike | None = None) -> Gathered:
        """Samples as a set in memory, to be binned or written.

        Args:
            indices: whole numbers ``[B]``, the samples to take, in this order; by default all.

        Raises:
            TypeError: indices that are no whole numbers ``[B]``.
            IndexError: an index that is no sample.
            ValueError: times that a set does not hold: before the start of a sample, say.
        """
        wanted: npt.ArrayLike = np.arange(len(self)) if indices is None else indices
        chosen = sample_indices(wanted, len(self), "Transformed.gather", self.events.name)
        outcomes = [self.apply(sample) for sample in chosen.tolist()]
        found = EventSet.from_recordings(
            [one.recording for one in outcomes],
            self.labels[chosen],
            classes=self.events.classes,
            name=self.events.name,
            groups={name: values[chosen] for name, values in self.events.groups.items()},
            sensor=self.sensor,
        )
        # recordings of a set count from its starts already, which are not subtracted once more
        starts = self.events.starts[chosen] + [one.start for one in outcomes]
        found = replace(found, starts=starts.astype(np.int64))
        return Gathered(found, sum((one.tally for one in outcomes), Tally()))

    def description(self) -> dict[str, Any]:
        """Name and settings, as JSON holds them."""
        blend = None if self.blend is None else self.blend.description()
        return {
            "name": "Transformed",
            "transform": self.transform.description(),
            "seed": int(self.seed),
            "epoch": int(self.epoch),
            "blend": blend,
        }

    @cached_property
    def _members(self) -> tuple[Int64Array, Int64Array]:
        """Samples in the order of their classes, and where each class begins ``[classes + 1]``."""
        order = np.argsort(self.labels, kind="stable")
        bounds = np.searchsorted(self.labels[order], np.arange(len(self.events.classes) + 1))
        return order, bounds

    def _blended(self, sample: int, key: Key) -> Outcome:
        assert self.blend is not None
        own = self.events[sample].recording
        order, bounds = self._members
        label = int(self.labels[sample])
        others = order[bounds[label] : bounds[label + 1]] if label >= 0 else order[:0]
        others = others[others != sample]
        if not len(others):
            return Outcome(own)
        partner = int(others[key.within(1).generator().integers(len(others))])
        other = self.events[partner].recording
        outcome = self.blend.apply(own, other, key.within(0))
        # in the account of this sample, the events of the other one are new
        return Outcome(outcome.recording, outcome.tally + Tally(added=len(other)))
