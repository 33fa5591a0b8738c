"""Compiled filters beside loops that follow their definitions."""

import numpy as np
import pytest
from helpers.random_recordings import RECORDINGS
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import Recording, Sensor
from axonal.datasets.transforms import (
    ActivityFilter,
    DownsampleSpace,
    DownsampleTime,
    MergePolarities,
    Refractory,
)


def rested(times: np.ndarray, cells: list, period: int) -> list[bool]:
    last: dict[object, int] = {}
    kept = []
    for t, cell in zip(times.tolist(), cells, strict=True):
        kept.append(cell not in last or t - last[cell] > period)
        if kept[-1]:
            last[cell] = t
    return kept


def accompanied(recording: Recording, window: int, radius: int) -> list[bool]:
    events = list(
        zip(recording.times.tolist(), recording.x.tolist(), recording.y.tolist(), strict=True)
    )
    return [
        any(
            t - s <= window and abs(x - u) <= radius and abs(y - v) <= radius and (x, y) != (u, v)
            for s, u, v in events[:i]
        )
        for i, (t, x, y) in enumerate(events)
    ]


@given(RECORDINGS, st.integers(0, 300))
def test_a_pixel_rests_for_its_period(recording: Recording, period: int) -> None:
    pixels = list(zip(recording.x.tolist(), recording.y.tolist(), strict=True))
    want = recording.times[rested(recording.times, pixels, period)]
    np.testing.assert_array_equal(Refractory(period)(recording).times, want)
    want = recording.times[rested(recording.times, recording.addresses.tolist(), period)]
    found = Refractory(period, polarities="apart")(recording)
    np.testing.assert_array_equal(found.times, want)


@given(RECORDINGS, st.integers(0, 300), st.integers(1, 4))
def test_only_what_has_a_neighbour_passes(recording: Recording, window: int, radius: int) -> None:
    found = ActivityFilter(window, radius)(recording)
    want = accompanied(recording, window, radius)
    np.testing.assert_array_equal(found.times, recording.times[want])
    np.testing.assert_array_equal(found.addresses, recording.addresses[want])


@given(RECORDINGS, st.integers(0, 300))
def test_merging_keeps_the_first_of_a_group(recording: Recording, within: int) -> None:
    for transform in (DownsampleSpace(2, 2, merge=within), MergePolarities(merge=within)):
        plain = type(transform)(2, 2) if isinstance(transform, DownsampleSpace) else None
        coarse = (plain or MergePolarities())(recording)
        want = coarse.times[rested(coarse.times, coarse.addresses.tolist(), within)]
        outcome = transform.apply(recording)
        np.testing.assert_array_equal(outcome.recording.times, want)
        assert outcome.tally.merged == len(recording) - len(want)
    ticks = DownsampleTime(within + 1, merge=True)(recording)
    pairs = set(zip((recording.times // (within + 1)).tolist(), recording.addresses, strict=True))
    assert len(ticks) == len(pairs)


def test_noise_goes_and_an_edge_that_moves_stays() -> None:
    rng = np.random.default_rng(0)
    times, rows = np.repeat(np.arange(100) * 1000, 10), np.tile(np.arange(20, 30), 100)
    noise = np.sort(rng.integers(0, 100_000, 200))
    edge = Recording.of(times, np.repeat(np.arange(100), 10), rows, 0, Sensor(128, 128))
    both = Recording.of(
        np.concatenate([edge.times, noise]),
        np.concatenate([edge.x, rng.integers(0, 128, 200)]),
        np.concatenate([edge.y, rng.integers(0, 128, 200)]),
        0,
        Sensor(128, 128),
        sort=True,
    )
    assert len(ActivityFilter(2000)(edge)) == 999
    left = ActivityFilter(2000)(both)
    assert 990 < len(left) < 1030


def test_a_size_that_a_file_lies_about_takes_no_memory() -> None:
    vast = Sensor(2**16, 2**15, 2)
    recording = Recording.of([5, 6, 7], [0, 1, 65535], [0, 0, 32767], [0, 1, 1], vast)
    assert len(Refractory(10)(recording)) == 3
    with pytest.raises(ValueError, match="ActivityFilter expects events over at most"):
        ActivityFilter(10)(recording)
    assert ActivityFilter(10)(recording.take(slice(0, 2))).times.tolist() == [6]


def test_clocks_at_their_ends_do_not_wrap() -> None:
    ends = Recording.of([-(2**62), 2**62], [0, 1], 0, 0, Sensor(2))
    assert len(Refractory(2**62)(ends)) == 2
    assert len(ActivityFilter(2**62 - 1)(ends)) == 0
    with pytest.raises(ValueError, match="expects times of at most"):
        ActivityFilter(1)(Recording.of([2**63 - 1], 0, 0, 0, Sensor(2)))
