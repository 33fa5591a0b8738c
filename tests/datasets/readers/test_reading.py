"""What is asked of a file: all of it, a window, a part at a time, as another sensor's."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT, event_files
from helpers.event_cases import CASES, EVENTS, Case

from axonal.datasets import EventFileError, Recording, Sensor, read, stream, write_es, write_evt2
from axonal.datasets.readers.__main__ import page
from axonal.datasets.readers.formats import FORMATS


def columns(recording: Recording) -> list[tuple[int, ...]]:
    held = (recording.times, recording.x, recording.y, recording.p)
    return list(zip(*(one.tolist() for one in held), strict=True))


@pytest.fixture
def path(case: Case, tmp_path: Path) -> Path:
    file = tmp_path / "no name that tells"
    file.write_bytes(case.content)
    return file


def test_every_format_has_a_case() -> None:
    assert {make().format for make in CASES.values()} == set(FORMATS)


def test_a_file_is_read_by_what_it_holds(case: Case, path: Path) -> None:
    assert columns(read(path)) == case.events
    assert columns(read(path, format=case.format)) == case.events


@pytest.mark.parametrize(("start", "stop"), [(None, 3000), (2500, None), (2500, 5000), (9, 9)])
def test_a_window_holds_its_first_instant_and_not_its_last(
    case: Case, path: Path, start: int | None, stop: int | None
) -> None:
    low, high = start or 0, 10**9 if stop is None else stop
    expected = [one for one in case.events if low <= one[0] < high]
    assert columns(read(path, start=start, stop=stop)) == expected
    assert columns(read(path, start=start, stop=stop, sort=True)) == expected


@pytest.mark.parametrize("events", [1, 63, 200, 1000])
def test_parts_of_a_stream_are_the_whole(case: Case, path: Path, events: int) -> None:
    parts = list(stream(path, events=events))
    assert [one for part in parts for one in columns(part)] == case.events
    assert [len(part) for part in parts[:-1]] == [events] * (len(parts) - 1)
    whole = read(path)
    for name, values in whole.extra.items():
        if name != "data":  # as wide as the longest event of a part
            np.testing.assert_array_equal(np.concatenate([p.extra[name] for p in parts]), values)


def test_a_window_of_a_stream_is_that_of_the_whole(case: Case, path: Path) -> None:
    parts = stream(path, events=7, start=1000, stop=4000)
    found = [one for part in parts for one in columns(part)]
    assert found == columns(read(path, start=1000, stop=4000))


def test_what_lies_behind_a_window_is_not_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "a.raw"
    # a whole block comes first
    events = [(k, 1, 1, 1) for k in range(40_000)]
    file.write_bytes(event_files.evt2(events) + b"\x90\x90\x90\x90")
    assert len(read(file, stop=20_000)) == 20_000
    with pytest.raises(EventFileError, match="0x90909090 of a type that is reserved"):
        read(file)


def test_another_sensor_is_taken_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(event_files.bits40([(k, 200, 150, k % 2) for k in range(20)]))
    line = r"a\.bin, byte 0: an event at x = 200, y = 150, outside Sensor\(width=34, height=34, "
    with pytest.raises(EventFileError, match=line):
        read(file)
    found = read(file, sensor=Sensor(240, 180, 2))
    assert (found.x[0], found.y[0], found.sensor.width) == (200, 150, 240)
    with pytest.raises(ValueError, match="have 2 polarities, got Sensor"):
        read(file, sensor=Sensor(240, 180))
    with pytest.raises(ValueError, match="rows below 240, which stands for a full counter"):
        read(file, sensor=Sensor(304, 241, 2))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "byte 0: the file is empty"),
        (b"hello", r"none of the formats that are known, which are Prophesee.*\); SLAYER \(.bs1"),
        (event_files.bits40([(k, 1, 1, 1) for k in range(9)]), r"none of .*, format=\"bin\"\)"),
        (bytes(1000), "none of the formats that are known"),
        (b"to be or not to be, that is the question: " * 100, "none of the formats"),
        (b"#!AER-DAT1.0\r\n" + bytes(100), "none of the formats that are known"),
    ],
)
def test_what_is_no_file_of_events_is_one_line(content: bytes, line: str, tmp_path: Path) -> None:
    file = tmp_path / "a.raw"
    file.write_bytes(content)
    with pytest.raises(EventFileError, match=line) as caught:
        read(file)
    assert "\n" not in str(caught.value)


def test_a_turn_of_the_counter_does_not_hide_what_a_short_file_is(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    times = [2**23 - 10 + k for k in range(20)]
    file.write_bytes(event_files.bits40([(t, 1, 1, 1) for t in times]))
    assert read(file).times.tolist() == times


def test_arguments_that_cannot_be_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a.raw"
    file.write_bytes(event_files.evt2(EVENTS))
    with pytest.raises(ValueError, match="start <= stop in microseconds, got 5 and 4"):
        read(file, start=5, stop=4)
    with pytest.raises(TypeError, match="read expects start as a whole number"):
        read(file, start=0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"read expects format as one of evt2, evt2\.1, evt3"):
        read(file, format="evt9")
    with pytest.raises(ValueError, match="stream expects events as a whole number >= 1, got 0"):
        next(stream(file, events=0))
    with pytest.raises(FileNotFoundError, match=r"there is no file nothing\.raw"):
        read("nothing.raw")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        read(tmp_path)


def peak(work: Callable[[], object]) -> int:
    """Most bytes that were held at a time."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_es, write_evt2])
def test_memory_is_that_of_the_events_and_flat_in_a_stream(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    times = np.arange(3_000_000)
    recording = Recording.of(times, times % 9, times % 7, times % 2, Sensor(9, 7, 2))
    file = write(tmp_path / "a", recording)
    read(file)  # compiles
    assert peak(lambda: read(file)) < 12 * len(times) + (16 << 20)
    assert peak(lambda: [len(part) for part in stream(file, events=100_000)]) < 8 << 20


def test_the_error_of_a_file_survives_a_process() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(EventFileError("a.raw", 12, "damage")))
    assert (str(error), error.offset) == ("a.raw, byte 12: damage", 12)


def test_the_page_of_formats_is_made_of_them() -> None:
    assert (ROOT / "docs" / "event-files.md").read_text() == page()


def test_reading_is_imported_without_the_compiler() -> None:
    script = "import sys, axonal.datasets; print('numba' in sys.modules, 'lz4' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.split() == ["False", "False"]
