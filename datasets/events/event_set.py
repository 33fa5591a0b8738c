"""Many labelled samples of events, in memory or in a file that is mapped into it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int64Array
from axonal.datasets._checks import SECONDS, sample_index, sample_indices, whole_numbers
from axonal.datasets.events.encoding import (
    PERIOD,
    PERIOD_BITS,
    LowTimes,
    address_type,
    decode,
    encode,
    first_tick,
)
from axonal.datasets.events.event_checks import check_arrays, check_events, check_recordings
from axonal.datasets.events.joining import alike, arrays_of
from axonal.datasets.events.labelled_recording import LabelledRecording
from axonal.datasets.events.recording import Recording
from axonal.datasets.events.sensor import Sensor, check_sensor


@dataclass(frozen=True, eq=False, repr=False)
class EventSet:
    """Labelled samples of one sensor, their events one after the other in 4 or 6 bytes each.

    Times are whole microseconds from the start of a sample, t = 65536 k + low. `of` and
    `from_recordings` make a set from plain arrays; these are the fields that a file holds:

    Args:
        low: uint16 ``[events]``, t mod 65536.
        addresses: pixel and polarity as `Sensor` numbers them ``[events]``: uint16 for a sensor of
            at most 65 536 channels, otherwise uint32.
        boundaries: int64 ``[periods + 1]``, the first event of every 65 536 microseconds of every
            sample, and the number of events.
        first_period: int64 ``[n + 1]``, sample i has periods ``first_period[i]`` to
            ``first_period[i + 1] - 1``.
        starts: int64 ``[n]``, time zero of each sample on the clock of its recording.
        labels: int64 ``[n]``, from 0 to len(classes) - 1, or -1 for none.
        sensor: the geometry.
        classes: name of each class.
        name: of the data in reports and figures.
        groups: int64 ``[n]`` by name: what samples have in common, such as a speaker or a session.
        reopen: makes the same set in another process, in the place of its arrays; None where they
            lie in memory. It is what a file gives.

    Raises:
        TypeError: arrays of other types than those above.
        ValueError: arrays that do not fit each other, a label out of range. Events themselves are
            looked at by `check`, which `of` and `from_recordings` call.

    >>> from axonal.datasets import EventSet, Sensor
    >>> events = EventSet.of(
    ...     [0, 900, 500], [0, 1, 1], [0, 2, 3], [1, 0], sensor=Sensor(2), classes=("no", "yes")
    ... )
    >>> recording, label = events[0]
    >>> len(events), recording.times.tolist(), label, events.between(0, 100, 1000).x.tolist()
    (2, [0, 900], 1, [1])
    """

    low: LowTimes
    addresses: npt.NDArray[np.unsignedinteger[Any]]
    boundaries: Int64Array
    first_period: Int64Array
    starts: Int64Array
    labels: Int64Array
    sensor: Sensor
    classes: tuple[str, ...]
    name: str = "events"
    groups: Mapping[str, Int64Array] = field(default_factory=dict)
    reopen: Callable[[], "EventSet"] | None = None

    def __post_init__(self) -> None:
        check_arrays(self)

    @classmethod
    def of(
        cls,
        times: npt.ArrayLike,
        addresses: npt.ArrayLike,
        offsets: npt.ArrayLike,
        labels: npt.ArrayLike,
        *,
        sensor: Sensor,
        classes: Iterable[str],
        name: str = "events",
        starts: npt.ArrayLike | None = None,
        groups: Mapping[str, npt.ArrayLike] | None = None,
    ) -> "EventSet":
        """A set from plain arrays of whole numbers.

        Args:
            times: microseconds from the start of each sample, >= 0, in order ``[events]``.
            addresses: as `Sensor` numbers them ``[events]``.
            offsets: sample i holds events ``offsets[i]`` to ``offsets[i + 1] - 1``; ``[n + 1]``.
            labels: ``[n]``, -1 for none.
            sensor: the geometry.
            classes: name of each class.
            name: of the data.
            starts: time zero of each sample on its recording's clock ``[n]``; by default 0.
            groups: ``[n]`` by name.

        Raises:
            TypeError: values that are no whole numbers, or sizes in the place of a `Sensor`.
            ValueError: arrays that do not fit each other; an event out of order, before the start
                of its sample, 19 hours after it, or outside the sensor, by its place.
        """
        check_sensor("EventSet.of", sensor)
        t = whole_numbers(times, "EventSet.of", "times", "events", SECONDS)
        a = whole_numbers(addresses, "EventSet.of", "addresses", "events")
        bounds = whole_numbers(offsets, "EventSet.of", "offsets", "n + 1")
        classified = whole_numbers(labels, "EventSet.of", "labels", "n")
        count = len(classified)
        if len(a) != len(t) or len(bounds) != count + 1:
            raise ValueError(
                f"EventSet.of expects addresses [{len(t)}] like times and offsets [{count + 1}] "
                f"for {count} labels, got lengths {len(a)} and {len(bounds)}."
            )
        if bounds[0] != 0 or bounds[-1] != len(t) or (bounds[1:] < bounds[:-1]).any():
            raise ValueError(
                f"EventSet.of expects offsets that never fall, from 0 to {len(t)}, the number of "
                f"events, got {bounds[0]} to {bounds[-1]}."
            )
        check_events(t, a, bounds, sensor)
        low, boundaries, first_period = encode(t, bounds)
        zero = np.zeros(count, np.int64) if starts is None else starts
        return cls(
            low,
            a.astype(address_type(sensor)),
            boundaries,
            first_period,
            whole_numbers(zero, "EventSet.of", "starts", "n"),
            classified,
            sensor,
            tuple(classes),
            name,
            {
                k: whole_numbers(v, "EventSet.of", f"groups[{k!r}]", "n")
                for k, v in (groups or {}).items()
            },
        )

    @classmethod
    def from_recordings(
        cls,
        recordings: Sequence[Recording],
        labels: npt.ArrayLike,
        *,
        classes: Iterable[str],
        name: str = "events",
        starts: npt.ArrayLike | None = None,
        groups: Mapping[str, npt.ArrayLike] | None = None,
        sensor: Sensor | None = None,
    ) -> "EventSet":
        """A set from recordings of one sensor; arguments are those of `of`, but for two.

        Args:
            recordings: whose times are those of their own clocks.
            labels: ``[n]``, -1 for none.
            classes: name of each class.
            name: of the data.
            starts: time on each clock that becomes 0 ``[n]``; by default that of the clock.
            groups: ``[n]`` by name.
            sensor: by default that of the recordings.

        Raises:
            TypeError: labels, starts or groups that are no whole numbers, or sizes in the place of
                a `Sensor`.
            ValueError: recordings of different sensors, or with extra columns, which a set does
                not hold; what `of` refuses.

        >>> from axonal.datasets import EventSet, Recording, Sensor
        >>> recording = Recording.of([11_718_656, 11_718_700], [0, 1], 0, 0, Sensor(2))
        >>> EventSet.from_recordings(
        ...     [recording], [-1], classes=(), starts=[recording.times[0]]
        ... ).times(0).tolist()
        [0, 44]
        """
        geometry = recordings[0].sensor if sensor is None and len(recordings) else sensor
        if geometry is None:
            raise ValueError("EventSet.from_recordings expects sensor where there is no recording.")
        check_sensor("EventSet.from_recordings", geometry)
        check_recordings(recordings, geometry)
        sizes = [len(one) for one in recordings]
        zero = np.zeros(len(sizes), np.int64) if starts is None else starts
        begun = whole_numbers(zero, "EventSet.from_recordings", "starts", "n")
        if len(begun) != len(sizes):
            raise ValueError(
                f"EventSet.from_recordings expects starts for each of {len(sizes)} recordings, "
                f"got {len(begun)}."
            )
        none = np.zeros(0, np.int64)
        return cls.of(
            np.concatenate([none, *(one.times for one in recordings)]) - np.repeat(begun, sizes),
            np.concatenate([none.astype(np.uint32), *(one.addresses for one in recordings)]),
            np.cumsum([0, *sizes]),
            labels,
            sensor=geometry,
            classes=classes,
            name=name,
            starts=begun,
            groups=groups,
        )

    @classmethod
    def join(cls, sets: "Iterable[EventSet]", name: str | None = None) -> "EventSet":
        """A set in memory with the samples of several, in their order.

        Args:
            sets: at least one; all of one sensor, and with the same classes and names of groups.
            name: of the new data; by default that of the first.

        Raises:
            TypeError: what is no set.
            ValueError: no set, or some that differ.

        >>> from axonal.datasets import EventSet, Sensor
        >>> one = EventSet.of([5], [0], [0, 1], [0], sensor=Sensor(2), classes=("no", "yes"))
        >>> two = EventSet.of([7], [1], [0, 1], [1], sensor=Sensor(2), classes=("no", "yes"))
        >>> both = EventSet.join([one, two])
        >>> len(both), both.times(1).tolist(), both.labels.tolist()
        (2, [7], [0, 1])
        """
        parts = alike(sets, cls)
        first = parts[0]
        return cls(
            **arrays_of(parts),
            sensor=first.sensor,
            classes=first.classes,
            name=first.name if name is None else name,
        )

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.labels)

    def __getitem__(self, index: int) -> LabelledRecording:
        """Recording and label of a sample, times from its start.

        Raises:
            TypeError: a slice, or another index that is no whole number.
            IndexError: an index that is no sample.
        """
        sample = sample_index(index, len(self), self.name)
        return LabelledRecording(
            self._recording(self.times(sample), self._part(sample)),
            int(self.labels[sample]),
            int(self.starts[sample]),
            {name: int(values[sample]) for name, values in self.groups.items()},
        )

    def __iter__(self) -> Iterator[LabelledRecording]:
        """Yield every sample."""
        return (self[sample] for sample in range(len(self)))

    def __repr__(self) -> str:
        events = f"{self.event_count} events in {len(self)} samples of {len(self.classes)} classes"
        return f"EventSet({self.name!r}: {events}, {self.sensor})"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return super().__reduce_ex__(protocol) if self.reopen is None else (self.reopen, ())

    @property
    def event_count(self) -> int:
        """Number of events of all samples."""
        return len(self.low)

    @property
    def offsets(self) -> Int64Array:
        """First event of every sample, and the number of events ``[n + 1]``."""
        return self.boundaries[self.first_period]

    @property
    def sizes(self) -> Int64Array:
        """Number of events of every sample ``[n]``."""
        return np.diff(self.offsets)

    @property
    def ends(self) -> Int64Array:
        """Time of the last event of every sample in microseconds, -1 where there is none ``[n]``.

        >>> from axonal.datasets import EventSet, Sensor
        >>> EventSet.of([70_000], [0], [0, 1, 1], [0, 0], sensor=Sensor(1), classes="a").ends
        array([70000,    -1])
        """
        found = np.full(len(self), -1, np.int64)
        filled = np.flatnonzero(np.diff(self.first_period))
        period = np.diff(self.first_period)[filled] - 1
        found[filled] = period * PERIOD + self.low[self.offsets[filled + 1] - 1]
        return found

    def times(self, index: int) -> Int64Array:
        """Times of the events of a sample in microseconds from its start."""
        sample = sample_index(index, len(self), self.name)
        first, last = self.first_period[sample : sample + 2]
        return decode(self.low[self._part(sample)], self.boundaries[first : last + 1])

    def between(self, index: int, start: float, stop: float) -> Recording:
        """The events of a sample with start <= t < stop, in microseconds from its start.

        The boundaries of periods lead to them: the rest of the sample is not read.

        Raises:
            TypeError: a time that is no number.
            ValueError: a time that is NaN.
            IndexError: an index that is no sample.
        """
        sample = sample_index(index, len(self), self.name)
        start, stop = first_tick("start", start), first_tick("stop", stop)
        first, last = map(int, self.first_period[sample : sample + 2])
        begin, end = (self._find(first, last, time) for time in (start, max(start, stop)))
        low = first + min(max(start, 0) >> PERIOD_BITS, last - first)
        high = max(low, first + min(max(stop + PERIOD - 1, 0) >> PERIOD_BITS, last - first))
        inside = np.clip(self.boundaries[low : high + 1], begin, end)
        times = decode(self.low[begin:end], inside) + ((low - first) << PERIOD_BITS)
        return self._recording(times, slice(begin, end))

    def select(self, indices: npt.ArrayLike, name: str | None = None) -> "EventSet":
        """Some of the samples, in the order of the indices, as a set in memory.

        Args:
            indices: whole numbers ``[B]``.
            name: of the new data; by default the old one.

        Raises:
            TypeError: indices that are no whole numbers ``[B]``.
            IndexError: an index that is no sample.
        """
        chosen = sample_indices(indices, len(self), "EventSet.select", self.name)
        parts = [self._part(sample) for sample in chosen.tolist()]
        firsts, lasts = self.first_period[chosen].tolist(), self.first_period[chosen + 1].tolist()
        ends = np.cumsum([0, *(part.stop - part.start for part in parts)])
        bounds = [
            self.boundaries[first:last] + (end - part.start)
            for first, last, end, part in zip(firsts, lasts, ends[:-1], parts, strict=True)
        ]
        return EventSet(
            np.concatenate([self.low[:0], *(self.low[part] for part in parts)]),
            np.concatenate([self.addresses[:0], *(self.addresses[part] for part in parts)]),
            np.concatenate([*bounds, ends[-1:]]),
            np.cumsum([0, *np.subtract(lasts, firsts)], dtype=np.int64),
            self.starts[chosen],
            self.labels[chosen],
            self.sensor,
            self.classes,
            self.name if name is None else name,
            {key: values[chosen] for key, values in self.groups.items()},
        )

    def check(self) -> None:
        """Read every event, and refuse one out of order or outside the sensor.

        Raises:
            ValueError: one line that names the sample and the event.
        """
        for sample in range(len(self)):
            part = self._part(sample)
            t, a = self.times(sample), self.addresses[part]
            check_events(t, a, np.array([0, len(t)]), self.sensor, sample)

    def info(self) -> dict[str, Any]:
        """A summary as JSON takes it: numbers of samples and events, classes, spans."""
        sizes, ends = self.sizes, self.ends
        some = sizes if len(sizes) else np.zeros(1, np.int64)
        bytes_ = self.low.itemsize + self.addresses.itemsize
        kinds = enumerate(self.classes)
        return {
            "name": self.name,
            "samples": len(self),
            "events": self.event_count,
            "bytes_per_event": bytes_,
            "sensor": [self.sensor.width, self.sensor.height, self.sensor.polarities],
            "classes": {kind: int((self.labels == label).sum()) for label, kind in kinds},
            "without_label": int((self.labels == -1).sum()),
            "groups": {key: len(np.unique(values)) for key, values in self.groups.items()},
            "events_per_sample": [int(some.min()), float(np.median(some)), int(some.max())],
            "empty_samples": int((sizes == 0).sum()),
            "longest_seconds": max(int(ends.max(initial=-1)), 0) / 1e6,
        }

    def _part(self, sample: int) -> slice:
        first, last = self.boundaries[self.first_period[sample : sample + 2]]
        return slice(int(first), int(last))

    def _find(self, first: int, last: int, time: int) -> int:
        """Index of the first event at or after a time, among the periods of a sample."""
        period = first + (time >> PERIOD_BITS)
        if time < 0 or period >= last:
            return int(self.boundaries[first if time < 0 else last])
        begin, end = self.boundaries[period : period + 2]
        # a number of another type would make numpy convert all that it searches
        return int(begin + np.searchsorted(self.low[begin:end], np.uint16(time % PERIOD)))

    def _recording(self, times: Int64Array, part: slice) -> Recording:
        return Recording(times, self.addresses[part].astype(np.uint32, copy=False), self.sensor)
