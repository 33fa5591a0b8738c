"""Sets of events give back what was put in, whole or by time, and refuse what cannot be."""

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from helpers.event_sets import SENSOR, assert_same, drawn
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import default_collate

from axonal.datasets import Binned, EventSet, Grid, Recording, Sensor
from axonal.datasets.events.encoding import MOST_PERIODS

SPANS = st.sampled_from([10, 65_536, 65_537, 500_000])


@given(st.integers(0, 10_000), SPANS)
def test_every_event_comes_back(seed: int, span: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.choice([0, 1, 3, 50], 4)
    times = [np.sort(rng.integers(0, span, n)) for n in sizes]
    addresses = [rng.integers(0, SENSOR.channels, n).astype(np.uint32) for n in sizes]
    recordings = [Recording(t, a, SENSOR) for t, a in zip(times, addresses, strict=True)]
    events = EventSet.from_recordings(
        recordings, [2, 1, 0, 2], classes=("a", "b", "c"), sensor=SENSOR
    )
    events.check()
    assert events.sizes.tolist() == sizes.tolist()
    assert events.ends.tolist() == [t[-1] if len(t) else -1 for t in times]
    for sample, label, t, a in zip(events, [2, 1, 0, 2], times, addresses, strict=True):
        np.testing.assert_array_equal(sample.recording.times, t)
        np.testing.assert_array_equal(sample.recording.addresses, a)
        assert sample.label == label


@given(
    st.integers(0, 10_000), SPANS, st.integers(-10, 600_000), st.integers(-10, 600_000), st.data()
)
def test_a_slice_by_time_is_that_of_the_recording(
    seed: int, span: int, start: int, stop: int, data: Any
) -> None:
    events = drawn(seed, span=span)
    sample = data.draw(st.integers(0, len(events) - 1))
    times = events.times(sample)
    if len(times) and data.draw(st.booleans()):
        start, stop = (int(data.draw(st.sampled_from(times))) for _ in range(2))
    found, expected = events.between(sample, start, stop), events[sample][0].between(start, stop)
    np.testing.assert_array_equal(found.times, expected.times)
    np.testing.assert_array_equal(found.addresses, expected.addresses)


def test_a_slice_by_time_reads_its_own_events_only() -> None:
    class Watched(np.ndarray):
        read = 0

        def __getitem__(self, key: Any) -> Any:
            found = super().__getitem__(key)
            Watched.read += found.size
            return found

    times = np.arange(1_000_000) * 3
    events = EventSet.of(
        times, times % SENSOR.channels, [0, len(times)], [0], sensor=SENSOR, classes="a"
    )
    watched = dataclasses.replace(
        events, low=events.low.view(Watched), addresses=events.addresses.view(Watched)
    )
    Watched.read = 0
    assert len(watched.between(0, 1_000_000, 1_003_000)) == 1000
    assert Watched.read < 100_000


@given(st.integers(0, 10_000), st.lists(st.integers(-6, 5), max_size=9))
def test_selected_samples_are_those_asked_for(seed: int, indices: list[int]) -> None:
    events = drawn(seed)
    some = events.select(indices, "some")
    assert (len(some), some.name) == (len(indices), "some")
    some.check()
    for new, old in enumerate(indices):
        a, b = some[new], events[old]
        np.testing.assert_array_equal(a.recording.times, b.recording.times)
        np.testing.assert_array_equal(a.recording.addresses, b.recording.addresses)
        assert (a.label, a.start, a.groups) == (b.label, b.start, b.groups)
    assert_same(events.select(range(6)), events)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_joined_sets_have_all_samples_in_their_order(seed: int, sizes: list[int]) -> None:
    sets = [drawn(seed + k, samples) for k, samples in enumerate(sizes)]
    both = EventSet.join(iter(sets), "both")
    assert (both.name, both.sensor, both.classes) == ("both", SENSOR, sets[0].classes)
    both.check()
    cuts = np.cumsum([0, *sizes])
    for part, first, last in zip(sets, cuts[:-1], cuts[1:], strict=True):
        assert_same(both.select(np.arange(first, last), part.name), part)
    assert EventSet.join(sets).name == sets[0].name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sensor": Sensor(60)}, r"of one sensor, .*, got Sensor\(width=60, .*\) in set 1"),
        (
            {"classes": ("b", "a")},
            "with the classes a, b, got b, a in set 1",
        ),
        ({"groups": {"who": [1, 2]}}, "with the groups none, got who in set 1"),
    ],
)
def test_sets_that_do_not_belong_together_are_not_joined(
    change: dict[str, Any], message: str
) -> None:
    one, other = EventSet.of(**GOOD), EventSet.of(**GOOD | change)
    with pytest.raises(ValueError, match=rf"^EventSet\.join expects sets {message}") as caught:
        EventSet.join([one, other])
    assert "\n" not in str(caught.value)


def test_what_is_no_list_of_sets_is_not_joined() -> None:
    with pytest.raises(ValueError, match=r"EventSet\.join expects at least one set"):
        EventSet.join([])
    wrong: Any = [drawn(1), drawn(1)[0]]
    with pytest.raises(TypeError, match="expects sets of events, got LabelledRecording as set 1"):
        EventSet.join(wrong)
    with pytest.raises(TypeError, match=r"expects sets of events, .* Write EventSet\.join\(\[a, b"):
        EventSet.join(drawn(1))  # type: ignore[arg-type]


def test_an_event_takes_four_bytes_or_six_on_a_large_sensor() -> None:
    assert drawn(1).info()["bytes_per_event"] == 4
    assert drawn(1, sensor=Sensor(1280, 720, 2)).info()["bytes_per_event"] == 6
    assert drawn(1, sensor=Sensor(65_536)).addresses.dtype == np.uint16


def test_a_set_goes_to_another_process_as_it_is() -> None:
    events = drawn(3)
    assert_same(pickle.loads(pickle.dumps(events)), events)


def test_samples_cannot_be_batched_by_accident() -> None:
    events = drawn(4)
    with pytest.raises(TypeError, match="LabelledRecording"):
        default_collate([events[0], events[0]])


def test_info_counts() -> None:
    events = EventSet.of(
        [5, 70_000, 9], [0, 1, 2], [0, 2, 3, 3], [0, 1, -1], sensor=SENSOR, classes=("a", "b")
    )
    info = events.info()
    assert (info["samples"], info["events"], info["empty_samples"]) == (3, 3, 1)
    assert (info["classes"], info["without_label"]) == ({"a": 1, "b": 1}, 1)
    assert info["longest_seconds"] == 0.07
    assert "3 events in 3 samples" in repr(events)


GOOD: dict[str, Any] = {
    "times": [0, 5, 3],
    "addresses": [0, 59, 3],
    "offsets": [0, 2, 3],
    "labels": [0, 1],
    "sensor": SENSOR,
    "classes": ("a", "b"),
}


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"times": [5, 4, 3]}, ValueError, r"^event 1 of sample 0 comes at 4 after 5: .* wrap"),
        ({"times": [0, 5, -3]}, ValueError, r"^event 0 of sample 1 comes at -3 microseconds, bef"),
        ({"times": [0.0, 1, 2]}, TypeError, "Are they seconds"),
        (
            {"addresses": [0, 60, 3]},
            ValueError,
            r"^event 1 of sample 0 has address 60, outside Sensor\(.*\) with 60 channels",
        ),
        ({"addresses": [0, -1, 3]}, ValueError, "address -1"),
        ({"addresses": [0]}, ValueError, "got lengths 1 and 3"),
        ({"offsets": [0, 4, 3]}, ValueError, "offsets that never fall"),
        ({"labels": [0, 2]}, ValueError, "labels from 0 to 1, or -1"),
        ({"labels": [0]}, ValueError, r"offsets \[2\] for 1 labels"),
        ({"starts": [0]}, ValueError, "starts of length 2"),
        ({"groups": {"who": [1]}}, ValueError, r"groups\['who'\] of length 2"),
        (
            {"times": [0, MOST_PERIODS << 16, 3]},
            ValueError,
            "^sample 0 has an event 68719476736 microseconds after its start, .*19 hours",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    change: dict[str, Any], kind: type[Exception], message: str
) -> None:
    EventSet.of(**GOOD)
    with pytest.raises(kind, match=message) as caught:
        EventSet.of(**GOOD | change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"boundaries": np.int64([0, 2, 2])},
        {"boundaries": np.int64([0, 3, 2, 3])},
        {"boundaries": np.int64([0, 3, 3])},
        {"boundaries": np.int64([])},
        {"first_period": np.int64([0, 2, 1])},
        {"first_period": np.int64([-1])},
        {"first_period": np.int64([])},
        {"low": np.uint16([1])},
        {"low": np.int32([1, 2, 3])},
        {"addresses": np.uint32([1, 2, 3])},
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError), match="EventSet expects"):
        dataclasses.replace(EventSet.of(**GOOD), **change)


def test_recordings_of_two_sensors_or_with_more_columns_are_refused() -> None:
    one, other = Recording.of([1], 0, 0, 0, SENSOR), Recording.of([1], 0, 0, 0, Sensor(3))
    with pytest.raises(ValueError, match="one sensor"):
        EventSet.from_recordings([one, other], [0, 0], classes="a")
    more = dataclasses.replace(one, extra={"grey": np.zeros(1)})
    with pytest.raises(ValueError, match="recording 0 has grey as well"):
        EventSet.from_recordings([more], [0], classes="a")
    with pytest.raises(ValueError, match="where there is no recording"):
        EventSet.from_recordings([], [], classes="a")
    assert len(EventSet.from_recordings([], [], classes="a", sensor=SENSOR)) == 0


def test_damage_that_arrays_cannot_show_is_found_by_reading() -> None:
    events = EventSet.of(**GOOD)
    late = dataclasses.replace(events, low=np.uint16([6, 5, 3]))
    with pytest.raises(ValueError, match=r"^event 1 of sample 0 comes at 5 after 6"):
        late.check()
    outside = dataclasses.replace(events, addresses=np.uint16([0, 1, 61]))
    with pytest.raises(ValueError, match=r"^event 0 of sample 1 has address 61"):
        outside.check()


@pytest.mark.parametrize(
    "take",
    [
        lambda events, index: events[index],
        lambda events, index: events.times(index),
        lambda events, index: events.between(index, 0, 9),
        lambda events, index: Binned(events, Grid(0.1, 2))[index],
    ],
)
@pytest.mark.parametrize(
    ("index", "kind", "message"),
    [
        (slice(0, 2), TypeError, "drawn expects the index of one sample .* got slice.*select"),
        ([0, 1], TypeError, "drawn expects the index of one sample"),
        (1.0, TypeError, "drawn expects the index of one sample"),
        (6, IndexError, "drawn expects an index below 6, its number of samples, got 6"),
        (-7, IndexError, "got -7"),
    ],
)
def test_what_is_no_index_of_a_sample_is_refused_in_one_line(
    take: Any, index: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        take(drawn(4), index)
    assert "\n" not in str(caught.value)
    take(drawn(4), np.int64(-1))


LIMITS = st.one_of(
    st.floats(-10, 600_000), st.integers(-10, 600_000), st.sampled_from([np.inf, -np.inf, 2.5])
)


@given(st.integers(0, 100), LIMITS, LIMITS)
def test_a_window_between_fractions_is_that_of_its_recording(
    seed: int, start: float, stop: float
) -> None:
    events = drawn(seed, samples=1)
    for a, b in ((start, stop), (np.float32(start), np.float64(stop))):
        found = events.between(0, a, b)
        np.testing.assert_array_equal(found.times, events[0][0].between(a, b).times)


def test_a_limit_that_is_no_time_is_refused_in_one_line() -> None:
    for wrong, kind in ((np.nan, ValueError), ("1", TypeError), (None, TypeError)):
        with pytest.raises(kind, match=r"EventSet\.between expects stop in microseconds, got"):
            drawn(4).between(0, 0, wrong)  # type: ignore[arg-type]
