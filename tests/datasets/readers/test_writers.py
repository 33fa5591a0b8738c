"""Recordings written and read back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import Recording, Sensor, read, write_es, write_evt2

WRITERS = (write_es, write_evt2)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    sensor = Sensor(draw(st.integers(1, 2048)), draw(st.integers(1, 2048)), draw(st.integers(1, 2)))
    count = draw(st.integers(0, 300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from((1, 100, 10_000, 10_000_000)))
    times = np.cumsum(rng.integers(0, scale, count))
    places = [rng.integers(0, n, count) for n in (sensor.width, sensor.height, sensor.polarities)]
    return Recording.of(times, *places, sensor)


@pytest.mark.parametrize("write", WRITERS)
@given(recording=recordings())
def test_what_is_written_is_read_back(
    write: Callable[..., Path], recording: Recording, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "written"
    found = read(write(path, recording))
    for name in ("times", "x", "y", "p"):
        np.testing.assert_array_equal(getattr(found, name), getattr(recording, name))
    size = recording.sensor
    assert found.sensor == Sensor(size.width, size.height, 2)


@pytest.mark.parametrize("write", WRITERS)
def test_more_events_than_are_packed_at_a_time(write: Callable[..., Path], tmp_path: Path) -> None:
    times = np.arange(1_100_000) // 3
    recording = Recording.of(times, times % 9, times % 7, times % 2, Sensor(9, 7, 2))
    found = read(write(tmp_path / "a", recording))
    np.testing.assert_array_equal(found.times, times)
    np.testing.assert_array_equal(found.addresses, recording.addresses)


@pytest.mark.parametrize(
    ("write", "times", "sensor", "line"),
    [
        (write_es, [-1], Sensor(4, 4, 2), "begins at time 0, got an event at -1"),
        (write_es, [10**15], Sensor(4, 4, 2), "Take the first time off all: does the clock"),
        (write_es, [0], Sensor(4, 4, 3), "room for two polarities"),
        (write_es, [0], Sensor(2**16, 4, 2), "room for sizes up to 65535"),
        (write_evt2, [0], Sensor(2049, 4, 2), "room for 2048 x 2048 pixels"),
        (write_evt2, [2**34], Sensor(4, 4, 2), r"times from 0 to 2\^34 microseconds"),
        (write_evt2, [-1], Sensor(4, 4, 2), r"times from 0 to 2\^34 microseconds"),
    ],
)
def test_what_a_format_has_no_room_for_is_one_line(
    write: Callable[..., Path], times: list[int], sensor: Sensor, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_text("as it was")
    with pytest.raises(ValueError, match=line):
        write(path, Recording.of(times, [0], [0], [0], sensor))
    assert path.read_text() == "as it was"
