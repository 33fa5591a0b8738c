"""Spike trains lose no spike on their way to files in SHD's layout and back."""

import dataclasses
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import EventSet, Sensor, read_shd, write_shd

CHANNELS = 5


def events(seed: int, samples: int = 4, longest: int = 900_000) -> EventSet:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 30, samples)
    times = [np.sort(rng.integers(0, longest, n)) for n in sizes]
    return EventSet.of(
        np.concatenate(times),
        rng.integers(0, CHANNELS, sizes.sum()),
        np.cumsum([0, *sizes]),
        rng.integers(0, 3, samples),
        sensor=Sensor(CHANNELS),
        classes=("zero", "one", "two"),
        name="random",
        groups={"speaker": rng.integers(0, 2, samples)},
    )


def assert_same(a: EventSet, b: EventSet) -> None:
    for field in ("low", "addresses", "boundaries", "first_period", "labels"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    assert (a.sensor, a.classes) == (b.sensor, b.classes)
    assert a.groups["speaker"].tolist() == b.groups["speaker"].tolist()


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
    for sample in range(len(data)):
        moved = np.abs(again.times(sample) - data.times(sample))
        assert moved.max(initial=0) <= 244  # half of 2^-11 s, below 1 s
    np.testing.assert_array_equal(np.bincount(again.addresses), np.bincount(data.addresses))
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_the_file_has_the_layout_that_readers_of_shd_expect(tmp_path: Path) -> None:
    data = events(1)
    with h5py.File(write_shd(tmp_path / "a.h5", data)) as file:
        assert h5py.check_vlen_dtype(file["spikes/times"].dtype) == np.float16
        assert h5py.check_vlen_dtype(file["spikes/units"].dtype) == np.uint16
        times, units = file["spikes"]["times"][0], file["spikes"]["units"][0]
        assert file["labels"][()].tolist() == data.labels.tolist()
        assert file["extra"]["speaker"][()].tolist() == data.groups["speaker"].tolist()
        assert [key.decode() for key in file["extra"]["keys"][()]] == ["zero", "one", "two"]
    np.testing.assert_allclose(times.astype(float), data.times(0) / 1e6, atol=2.5e-4)
    np.testing.assert_array_equal(units, data[0].recording.addresses)


def test_a_file_of_shd_itself_has_700_channels_unless_told(tmp_path: Path) -> None:
    path = write_shd(tmp_path / "a.h5", events(2))
    with h5py.File(path, "a") as file:
        del file["spikes"].attrs["channels"]
    assert read_shd(path).sensor.channels == 700
    assert read_shd(path, channels=9).sensor.channels == 9
    with pytest.raises(ValueError, match="with 2 channels"):
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


def test_what_the_layout_has_no_place_for_is_refused(tmp_path: Path) -> None:
    data = events(0)
    with pytest.raises(ValueError, match="labels from -1"):
        write_shd(tmp_path / "a.h5", dataclasses.replace(data, labels=data.labels - 1))
    large = EventSet.of([], [], [0], [], sensor=Sensor(2**17), classes=())
    with pytest.raises(ValueError, match="units, labels and speakers from 0 to 65535"):
        write_shd(tmp_path / "a.h5", large)
    for strange in (-1, 65_536):
        speakers = np.array([0, 1, strange, 2])
        with pytest.raises(ValueError, match=f"speakers from .*{strange}"):
            write_shd(tmp_path / "a.h5", dataclasses.replace(data, groups={"speaker": speakers}))
    many = dataclasses.replace(data, labels=data.labels + 65_536, classes=tuple("a" * 65_539))
    with pytest.raises(ValueError, match=r"labels from .* to 6553"):
        write_shd(tmp_path / "a.h5", many)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="float64"):
        write_shd(tmp_path / "a.h5", events(0), precision="float64")
    assert list(tmp_path.iterdir()) == []
