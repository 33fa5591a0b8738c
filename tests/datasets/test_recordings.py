"""Sensors and recordings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import EventSet, Recording, Sensor

SIZES = st.integers(1, 300)


@given(SIZES, SIZES, st.integers(1, 2), st.integers(0, 2**32 - 1))
def test_an_address_is_its_coordinates(width: int, height: int, polarities: int, seed: int) -> None:
    sensor, rng = Sensor(width, height, polarities), np.random.default_rng(seed)
    x, y, p = (rng.integers(0, size, 50) for size in (width, height, polarities))
    addresses = sensor.address(x, y, p)
    for found, given_ in zip(sensor.coordinates(addresses), (x, y, p), strict=True):
        np.testing.assert_array_equal(found, given_)
    picture = np.bincount(addresses, minlength=sensor.channels).reshape(sensor.shape)
    assert picture[p, y, x].min() >= 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0], [4], [0], [0]), "event 0 has x = 4, outside a sensor with x from 0 to 3"),
        (([0], [-1], [0], [0]), "x = -1"),
        (([0], [0], [2], [0]), "y = 2"),
        (([0], [0], [0], [2]), "p = 2"),
        (([5, 4], [0, 0], [0, 0], [0, 0]), "got 4 after 5 at event 1. Did a counter wrap"),
        (([5], [0, 0], [0, 0], [0, 0]), "for each of 1 events"),
    ],
)
def test_an_event_that_cannot_be_is_refused_by_its_place(columns: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recording.of(*columns, Sensor(4, 2, 2))


def test_seconds_are_refused() -> None:
    with pytest.raises(TypeError, match="Are they seconds"):
        Recording.of([0.5], [0], [0], [0], Sensor(1))


def test_sorting_keeps_the_order_of_equal_times() -> None:
    recording = Recording.of([2, 1, 1], [0, 1, 2], 0, 0, Sensor(3), sort=True)
    assert (recording.times.tolist(), recording.x.tolist()) == ([1, 1, 2], [1, 2, 0])


def test_a_window_holds_its_first_instant_and_not_its_last() -> None:
    extra = {"red": np.uint8([9, 8, 7])}
    whole = Recording.of([1, 5, 9], [0, 1, 2], 0, 0, Sensor(3))
    part = Recording(whole.times, whole.addresses, whole.sensor, extra).between(5, 9)
    assert (part.times.tolist(), part.extra["red"].tolist()) == ([5], [8])
    assert len(whole.between(9, 1)) == 0


@pytest.mark.parametrize("time", [2**63, 2**64 - 1])
def test_a_time_that_int64_does_not_hold_is_refused(time: int) -> None:
    times = np.array([5, time], np.uint64)
    with pytest.raises(ValueError, match=rf"times up to 2\^63 - 1, got {time}"):
        Recording.of(times, 0, 0, 0, Sensor(1))
    with pytest.raises(ValueError, match=rf"expects times up to 2\^63 - 1, got {time}"):
        EventSet.of(times, [0, 0], [0, 2], [0], sensor=Sensor(1), classes="a")
    assert Recording.of(times[:1], 0, 0, 0, Sensor(1)).times.dtype == np.int64


def test_columns_that_change_afterwards_do_not_change_a_recording() -> None:
    times, x = np.array([1, 5]), np.array([0, 2], np.uint32)
    recording = Recording.of(times, x, 0, 0, Sensor(3))
    times[:], x[:] = 9, 1
    assert (recording.times.tolist(), recording.x.tolist()) == ([1, 5], [0, 2])


def test_times_that_are_no_whole_numbers_are_refused_with_what_to_write() -> None:
    line = (
        r"Recording\.of expects times as whole numbers \[events\], got float64 .* Are they seconds"
    )
    with pytest.raises(TypeError, match=line):
        Recording.of([0.5], 0, 0, 0, Sensor(3))
