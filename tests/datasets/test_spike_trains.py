"""Spike trains lose no spike on their way to rasters, to files in SHD's layout and back."""

import dataclasses
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import Binned, Events, read_shd, write_shd

CHANNELS = 5


def events(seed: int, samples: int = 4, longest: int = 900_000) -> Events:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 30, samples)
    times = [np.sort(rng.integers(0, longest, n)) for n in sizes]
    return Events(
        np.concatenate(times).astype(np.int32),
        rng.integers(0, CHANNELS, sizes.sum()).astype(np.uint16),
        np.cumsum([0, *sizes]),
        rng.integers(0, 3, samples),
        rng.integers(0, 2, samples),
        CHANNELS,
        ("zero", "one", "two"),
        "random",
    )


def assert_same(a: Events, b: Events) -> None:
    for field in ("times", "units", "offsets", "labels", "speakers"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    assert (a.channels, a.classes) == (b.channels, b.classes)


@given(st.integers(0, 1000), st.sampled_from([0.001, 0.01, 0.013, 0.3]), st.integers(1, 80))
def test_every_spike_is_in_its_bin_or_counted_as_dropped(seed: int, dt: float, steps: int) -> None:
    data = events(seed)
    binned = data.binned(dt, steps)
    dense = binned.dense(range(len(data)))
    assert dense.shape == (steps, len(data), CHANNELS)
    assert dense.sum() + binned.dropped == len(data.times)
    for sample in range(len(data)):
        times, units, _ = data[sample]
        expected = np.zeros((steps, CHANNELS))
        for time, unit in zip(times.tolist(), units.tolist(), strict=True):
            if time // round(dt * 1e6) < steps:
                expected[time // round(dt * 1e6), unit] += 1
        np.testing.assert_array_equal(dense[:, sample], expected)


def test_a_spike_at_the_edge_of_a_step_belongs_to_the_next() -> None:
    # 0.29 / 0.01 is 28.999999999999996 in floating point
    one = np.int64([0])
    times, ends = np.int32([289_999, 290_000]), np.int64([0, 2])
    data = Events(times, np.uint16([0, 0]), ends, one, one, 1, ("a",), "edge")
    assert np.flatnonzero(data.binned(0.01, 60).dense([0])).tolist() == [28, 29]


def test_a_batch_holds_the_samples_in_the_order_asked_for() -> None:
    data = events(3)
    binned = data.binned(0.05, 10)
    batch = binned.dense([2, 0, 2, -1])
    for column, index in enumerate([2, 0, 2, 3]):
        counts, label = binned[index]
        np.testing.assert_array_equal(batch[:, column], counts)
        assert label == data.labels[index]
    assert binned.dense([]).shape == (10, 0, CHANNELS)


def test_selected_samples_are_those_asked_for() -> None:
    data = events(5)
    some = data.select([3, 1], "some")
    assert (len(some), some.name) == (2, "some")
    for new, old in enumerate([3, 1]):
        np.testing.assert_array_equal(some[new][0], data[old][0])
        assert some.speakers[new] == data.speakers[old]


@given(seed=st.integers(0, 1000))
def test_a_file_in_the_layout_of_shd_gives_every_microsecond_back(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = events(seed)
    path = write_shd(tmp_path_factory.mktemp("shd") / "a.h5", data, precision="float32")
    assert_same(read_shd(path), data)


def test_sixteen_bits_move_a_spike_by_less_than_their_step(tmp_path: Path) -> None:
    data = events(0)
    again = read_shd(write_shd(tmp_path / "a.h5", data))
    assert np.abs(again.times - data.times).max() <= 244  # half of 2^-11 s, below 1 s
    np.testing.assert_array_equal(np.bincount(again.units), np.bincount(data.units))
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_the_file_has_the_layout_that_readers_of_shd_expect(tmp_path: Path) -> None:
    data = events(1)
    with h5py.File(write_shd(tmp_path / "a.h5", data)) as file:
        assert h5py.check_vlen_dtype(file["spikes/times"].dtype) == np.float16
        assert h5py.check_vlen_dtype(file["spikes/units"].dtype) == np.uint16
        times, units = file["spikes"]["times"][0], file["spikes"]["units"][0]
        assert file["labels"][()].tolist() == data.labels.tolist()
        assert file["extra"]["speaker"][()].tolist() == data.speakers.tolist()
        assert [key.decode() for key in file["extra"]["keys"][()]] == ["zero", "one", "two"]
    np.testing.assert_allclose(times.astype(float), data[0][0] / 1e6, atol=2.5e-4)
    np.testing.assert_array_equal(units, data[0][1])


def test_a_file_of_shd_itself_has_700_channels_unless_told(tmp_path: Path) -> None:
    path = write_shd(tmp_path / "a.h5", events(2))
    with h5py.File(path, "a") as file:
        del file["spikes"].attrs["channels"]
    assert read_shd(path).channels == 700
    assert read_shd(path, channels=9).channels == 9
    with pytest.raises(ValueError, match="units below 2"):
        read_shd(path, channels=2)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:700])


def without_labels(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["labels"]


def with_a_late_time(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["spikes/times"][0] = np.full(len(file["spikes/times"][0]), np.nan, np.float16)


def with_fewer_units(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["spikes/units"][0] = np.zeros(1, np.uint16)


def with_short_labels(path: Path) -> None:
    with h5py.File(path, "a") as file:
        labels = file["labels"][()]
        del file["labels"]
        file["labels"] = labels[:-1]


@pytest.mark.parametrize(
    "damage", [truncated, without_labels, with_a_late_time, with_fewer_units, with_short_labels]
)
def test_a_damaged_file_is_refused_in_one_line(damage: Any, tmp_path: Path) -> None:
    path = write_shd(tmp_path / "a.h5", events(0))
    damage(path)
    with pytest.raises(ValueError, match=r"a\.h5 is damaged or not in the layout") as caught:
        read_shd(path)
    assert "\n" not in str(caught.value)


GOOD = events(0)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"times": GOOD.times.astype(float)}, TypeError, r"times as int32 .* got float64"),
        ({"units": GOOD.units[:-1]}, ValueError, "units .* like times"),
        ({"offsets": GOOD.offsets + 1}, ValueError, "offsets that never fall"),
        ({"times": GOOD.times - 900_000}, ValueError, "times >= 0"),
        ({"channels": 3}, ValueError, "units below 3"),
        ({"classes": ("zero",)}, ValueError, "labels from 0 to 0"),
        ({"times": GOOD.times[::-1].copy()}, ValueError, "out of order. Sort it"),
        ({"labels": GOOD.labels[:-1]}, ValueError, "for 3 labels"),
    ],
)
def test_inconsistent_events_are_refused(
    change: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        dataclasses.replace(GOOD, **change)


@pytest.mark.parametrize(
    ("dt", "steps", "message"),
    [
        (1.5e-6, 9, "Is it in milliseconds"),
        (0, 9, "dt"),
        (0.01, 0, "steps as a whole number >= 1"),
        (np.nan, 9, "dt"),
    ],
)
def test_a_grid_that_is_none_is_refused(dt: float, steps: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Binned(GOOD, dt, steps)


def test_what_is_no_index_is_refused() -> None:
    with pytest.raises(TypeError, match="flatnonzero"):
        GOOD.binned(0.01, 5).dense(np.array([True, False]))
    with pytest.raises(IndexError, match="below 4, the number of samples of random"):
        GOOD.binned(0.01, 5).dense([4])


def test_an_unknown_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="float64"):
        write_shd(tmp_path / "a.h5", GOOD, precision="float64")
    assert list(tmp_path.iterdir()) == []
