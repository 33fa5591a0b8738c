"""Transforms of places: crop, downsample, flip, rotate, shift, merged polarities."""

import numpy as np
import pytest
from helpers.random_recordings import RECORDINGS, random_recording
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import Recording, Sensor
from axonal.datasets.transforms import (
    CropSpace,
    DownsampleSpace,
    Flip,
    Key,
    MergePolarities,
    Rotate,
    Shift,
)


def picture(recording: Recording) -> np.ndarray:
    """Events per polarity, row and column."""
    counts = np.bincount(recording.addresses, minlength=recording.sensor.channels)
    return counts.reshape(recording.sensor.shape)


@given(RECORDINGS, st.integers(-6, 6))
def test_quarter_turns_turn_the_picture(recording: Recording, turns: int) -> None:
    turned = Rotate(90 * turns).apply(recording)
    assert turned.tally.outside == 0
    want = np.rot90(picture(recording), turns, axes=(1, 2))
    np.testing.assert_array_equal(picture(turned.recording), want)


@given(RECORDINGS, st.floats(-360, 360))
def test_a_turn_keeps_the_distance_from_the_centre(recording: Recording, angle: float) -> None:
    outcome = Rotate(angle + 1e-3).apply(recording)
    found, sensor = outcome.recording, recording.sensor
    assert found.sensor == sensor
    centre = np.array([sensor.width - 1, sensor.height - 1]) / 2
    near = np.hypot(*(np.stack([recording.x, recording.y], -1) - centre).T)
    after = np.hypot(*(np.stack([found.x, found.y], -1) - centre).T)
    # what is nearer to the centre than any edge, a rounding apart, cannot leave
    assert len(found) >= (near < centre.min() - 1).sum()
    if len(found) == len(recording):
        assert np.abs(after - near).max(initial=0) <= np.sqrt(0.5) + 1e-9


@given(RECORDINGS)
def test_flips_mirror_the_picture_and_undo_themselves(recording: Recording) -> None:
    for axis, name in enumerate(("p", "y", "x")):
        once = Flip(name)(recording)
        np.testing.assert_array_equal(picture(once), np.flip(picture(recording), axis))
        np.testing.assert_array_equal(Flip(name)(once).addresses, recording.addresses)


@given(RECORDINGS, st.integers(0, 2**32 - 1))
def test_a_crop_is_a_part_of_the_picture(recording: Recording, seed: int) -> None:
    rng, sensor = np.random.default_rng(seed), recording.sensor
    left, top = int(rng.integers(sensor.width)), int(rng.integers(sensor.height))
    width = int(rng.integers(1, sensor.width - left + 1))
    height = int(rng.integers(1, sensor.height - top + 1))
    part = CropSpace(width, height, left=left, top=top)(recording)
    want = picture(recording)[:, top : top + height, left : left + width]
    np.testing.assert_array_equal(picture(part), want)


def test_a_random_crop_takes_every_place_and_needs_room() -> None:
    recording = random_recording(Sensor(4, 3, 2), 500, 0)
    crop = CropSpace(3, 2, left=None, top=None)
    found = {picture(crop(recording, Key(0, 0, k))).tobytes() for k in range(40)}
    pictures = {
        np.ascontiguousarray(picture(recording)[:, y : y + 2, x : x + 3]).tobytes()
        for x in range(2)
        for y in range(2)
    }
    assert found == pictures
    with pytest.raises(ValueError, match="inside the sensor of 4 x 3, got 5 x 2 from column 0"):
        CropSpace(5, 2, left=None)(recording, Key(0))
    with pytest.raises(ValueError, match="got 4 x 3 from column 1 and row 0"):
        CropSpace(4, 3, left=1)(recording)


@given(RECORDINGS, st.integers(1, 7), st.integers(1, 7))
def test_downsampling_adds_up_blocks(recording: Recording, fx: int, fy: int) -> None:
    fine, coarse = picture(recording), picture(DownsampleSpace(fx, fy)(recording))
    rows = np.add.reduceat(fine, np.arange(0, fine.shape[1], fy), axis=1)
    want = np.add.reduceat(rows, np.arange(0, fine.shape[2], fx), axis=2)
    np.testing.assert_array_equal(coarse, want)


@given(RECORDINGS)
def test_merged_polarities_are_the_sum_of_both(recording: Recording) -> None:
    found = picture(MergePolarities()(recording))
    np.testing.assert_array_equal(found, picture(recording).sum(0, keepdims=True))


def test_shifts_are_even_whole_and_the_same_for_all_events() -> None:
    recording = Recording.of([0, 1], [10, 12], [10, 11], 0, Sensor(20, 20))
    counts: dict[tuple[int, int], int] = {}
    for k in range(3000):
        moved = Shift(1, 2)(recording, Key(0, 0, k))
        step = int(moved.x[0]) - 10, int(moved.y[0]) - 10
        assert (moved.x[1] - moved.x[0], moved.y[1] - moved.y[0]) == (2, 1)
        counts[step] = counts.get(step, 0) + 1
    assert set(counts) == {(x, y) for x in (-1, 0, 1) for y in (-2, -1, 0, 1, 2)}
    # 200 expected each, with a standard deviation of 13.7
    assert min(counts.values()) > 140
    assert max(counts.values()) < 260


def test_what_a_shift_moves_out_is_counted() -> None:
    recording = Recording.of(np.arange(700), np.arange(700), 0, 0, Sensor(700))
    for k in range(10):
        outcome = Shift(40).apply(recording, Key(0, 0, k))
        step = int(outcome.recording.x[0]) - int(outcome.recording.times[0])
        assert outcome.tally.outside == abs(step) <= 40
