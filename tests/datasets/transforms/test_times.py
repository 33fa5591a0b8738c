"""Transforms of times, of noise and of two samples."""

import numpy as np
import pytest
from helpers.random_recordings import RECORDINGS, random_recording
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import Recording, Sensor
from axonal.datasets.transforms import (
    Blend,
    CropTime,
    DownsampleTime,
    DropEvents,
    Key,
    TimeJitter,
    TimeWarp,
    UniformNoise,
)


def at(times: object, sensor: Sensor | None = None) -> Recording:
    return Recording.of(times, 0, 0, 0, sensor or Sensor(1))


@given(RECORDINGS, st.integers(-10, 6000), st.integers(0, 6000))
def test_a_window_of_time(recording: Recording, start: int, length: int) -> None:
    part = CropTime(start, start + length, rebase=True)(recording)
    times = recording.times
    want = times[(times >= start) & (times < start + length)] - start
    np.testing.assert_array_equal(part.times, want)


@given(RECORDINGS, st.integers(1, 500))
def test_a_coarser_clock_rounds_down(recording: Recording, tick: int) -> None:
    found = DownsampleTime(tick)(recording).times
    assert (found % tick == 0).all()
    assert ((recording.times - found >= 0) & (recording.times - found < tick)).all()


def test_jitter_has_the_deviation_that_is_asked_for_and_keeps_channels() -> None:
    recording = Recording.of(np.full(20_000, 10**6), np.arange(20_000) % 7, 0, 0, Sensor(7))
    found = TimeJitter(100.0)(recording, Key(0))
    # standard errors 0.7 and 0.5
    assert abs(found.times.mean() - 10**6) < 4
    assert abs(found.times.std() - 100) < 3
    assert np.array_equal(np.bincount(found.addresses), np.bincount(recording.addresses))


def test_jitter_across_the_start_is_counted_unless_no_start_is_given() -> None:
    recording = at(np.zeros(1000, np.int64))
    cut = TimeJitter(100.0).apply(recording, Key(0))
    free = TimeJitter(100.0, start=None).apply(recording, Key(0))
    assert 400 < cut.tally.outside < 600
    assert cut.recording.times.min() >= 0
    np.testing.assert_array_equal(free.recording.times[cut.tally.outside :], cut.recording.times)


def test_a_warp_multiplies_all_times_of_a_sample_by_one_factor() -> None:
    factors = []
    for k in range(500):
        times = TimeWarp(0.8, 1.2)(at([0, 10**6, 3 * 10**6]), Key(0, 0, k)).times
        assert abs(times[2] - 3 * times[1]) <= 2
        factors.append(times[1] / 1e6)
    assert 0.8 <= min(factors) < 0.81
    assert 1.19 < max(factors) <= 1.2
    assert abs(np.mean(factors) - 1) < 0.02
    fixed = TimeWarp(0.5, 0.5, origin=100)(at([0, 100, 300]))
    assert fixed.times.tolist() == [50, 100, 200]


def test_times_beyond_the_clock_are_refused() -> None:
    late = at([2**62 - 10])
    with pytest.raises(ValueError, match="TimeWarp expects times that stay below"):
        TimeWarp(2, 2)(late)
    with pytest.raises(ValueError, match=r"expects times of at most .* Is it another unit"):
        TimeJitter(1.0)(at([2**62 + 10]), Key(0))


def test_a_share_of_the_events_is_dropped() -> None:
    outcome = DropEvents(0.3).apply(at(np.arange(10_000)), Key(0))
    # standard deviation 46
    assert abs(outcome.tally.dropped - 3000) < 200
    assert len(DropEvents(1)(at([1, 2]), Key(0))) == 0
    assert len(DropEvents(0)(at([1, 2]), Key(0))) == 2


def test_noise_is_even_in_time_and_over_channels() -> None:
    sensor = Sensor(5, 4, 2)
    found = UniformNoise(50.0, start=10**6, stop=11 * 10**6)(at([], sensor), Key(0))
    # 20 000 expected with a standard deviation of 141, 500 each of 40 channels
    assert abs(len(found) - 20_000) < 700
    channels = np.bincount(found.addresses, minlength=40)
    assert ((channels > 390) & (channels < 610)).all()
    bins, _ = np.histogram(found.times, 10, (10**6, 11 * 10**6))
    assert ((bins > 1800) & (bins < 2200)).all()
    assert bins.sum() == len(found)


def test_noise_without_a_window_stays_between_first_and_last_event() -> None:
    found = UniformNoise(1e5)(at([100, 200]), Key(0))
    assert len(found) > 5
    assert (found.times[0], found.times[-1]) == (100, 200)


def test_noise_that_no_memory_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 268435456 events of noise, got a rate of 1e"):
        UniformNoise(1e6, start=0, stop=10**9)(at([], Sensor(1280, 720, 2)), Key(0))
    tagged = Recording(np.int64([5]), np.uint32([0]), Sensor(1), {"red": np.uint8([9])})
    with pytest.raises(ValueError, match="time and address only, got red as well"):
        UniformNoise(1.0)(tagged, Key(0))


def test_a_blend_has_half_of_each_with_centres_on_each_other() -> None:
    one = random_recording(Sensor(700), 4000, 1, span=10**6)
    other = random_recording(Sensor(700), 4000, 2, span=10**6)
    one = Recording(
        one.times + 5 * 10**6, one.addresses // 4 + 100, one.sensor, {"of": np.ones(4000)}
    )
    other = Recording(other.times, other.addresses // 4 + 300, other.sensor, {"of": np.zeros(4000)})
    outcome = Blend().apply(one, other, Key(0))
    found = outcome.recording
    assert len(found) == outcome.tally.after(8000)
    assert outcome.tally.outside == 0
    first = found.extra["of"] == 1
    # standard deviation 32
    assert abs(first.sum() - 2000) < 150
    assert abs((~first).sum() - 2000) < 150
    whole = Blend(share=0.0)(one, other, Key(0))
    assert abs(whole.times.mean() - one.times.mean()) <= 0.5
    assert abs(whole.x.mean() - one.x.mean()) <= 0.5
    np.testing.assert_array_equal(Blend(share=1.0)(one, other, Key(0)).times, one.times)


def test_a_blend_counts_what_it_moves_out() -> None:
    edge = Recording.of([0, 1], [0, 1], 0, 0, Sensor(10))
    wide = Recording.of([0, 9, 9], [0, 9, 9], 0, 0, Sensor(10))
    outcome = Blend(share=0.0).apply(edge, wide, Key(0))
    # moved by 0.5 - 6, the second sample lies at channels -6, 3, 3 and times -6, 3, 3
    assert (outcome.tally.outside, outcome.tally.dropped) == (1, 2)
    assert outcome.recording.times.tolist() == [3, 3]
    nothing = Recording.of([], 0, 0, 0, Sensor(10))
    assert len(Blend(share=0.0)(nothing, wide, Key(0))) == 3


def test_unlike_samples_are_not_blended() -> None:
    with pytest.raises(ValueError, match="Blend expects two samples of one sensor"):
        Blend()(at([1]), at([1], Sensor(2)), Key(0))
