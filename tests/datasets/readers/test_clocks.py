"""Counters that begin anew, clocks that jump, events out of order."""

import struct
from pathlib import Path

import numpy as np
import pytest
from helpers import event_files
from helpers.event_files import Event
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import EventFileError, Sensor, read, stream

MANY = [(k, 1, 1, 1) for k in range(30)]


def laid(make, *times: int) -> bytes:
    return make([(t, 3, 2, 1) for t in times])


def narrow(make, bits: int):
    """Lay out times of which the format has the lowest bits only."""
    return lambda events: make([(t % 2**bits, x, y, p) for t, x, y, p in events])


WRAPPING = {
    "evt3": (event_files.evt3, 24),
    "evt2": (narrow(event_files.evt2, 34), 34),
    "evt2.1": (narrow(event_files.evt21, 34), 34),
    "dat": (event_files.dat, 32),
    "aedat2": (event_files.aedat2, 32),
    "bin": (event_files.bits40, 23),
}


@pytest.mark.parametrize("name", WRAPPING)
@given(data=st.data())
def test_a_counter_that_begins_anew_is_unwrapped(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    make, bits = WRAPPING[name]
    # less than half a turn, told by upper halves, tells what a turn is
    longest = 2 ** (bits - 1) - 2**13
    gaps = data.draw(st.lists(st.integers(0, longest), min_size=1, max_size=30))
    first = data.draw(st.integers(0, 2**bits - 1))
    times = np.cumsum([first, *gaps]).tolist()
    path = tmp_path_factory.getbasetemp() / "wrapping"
    path.write_bytes(laid(make, *times))
    assert read(path, format=name).times.tolist() == times


@pytest.mark.parametrize("name", WRAPPING)
@given(data=st.data())
def test_a_pause_of_up_to_a_turn_is_told_by_whoever_knows_of_it(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    make, bits = WRAPPING[name]
    gaps = data.draw(st.lists(st.integers(0, 2**bits - 2**13), min_size=1, max_size=30))
    first = data.draw(st.integers(0, 2**bits - 1))
    times = np.cumsum([first, *gaps]).tolist()
    path = tmp_path_factory.getbasetemp() / "pausing"
    path.write_bytes(laid(make, *times))
    assert read(path, format=name, pauses=True).times.tolist() == times
    parts = stream(path, format=name, events=4, pauses=True)
    assert np.concatenate([part.times for part in parts]).tolist() == times


@pytest.mark.parametrize("name", WRAPPING)
def test_a_pause_of_more_than_half_a_turn_is_refused_with_what_to_write(
    name: str, tmp_path: Path
) -> None:
    make, bits = WRAPPING[name]
    turn, path = 2**bits, tmp_path / "a"
    half = f"{turn / 2e6:.1f}"
    # over the end of the counter, and ahead in a turn that is not the first
    for times in ([turn - 9000, turn * 3 // 2], [turn - 9, turn + 9, turn * 7 // 4]):
        path.write_bytes(laid(make, *times))
        line = (
            rf"pause longer than {half} s, half of its counter, write read\(path, pauses=True\)\."
        )
        with pytest.raises(EventFileError, match=f"the clock jumps back .* After a {line}$"):
            read(path, format=name)
        assert read(path, format=name, pauses=True).times.tolist() == times


@pytest.mark.parametrize("name", [*WRAPPING, "aedat3", "aedat4"])
def test_a_clock_that_jumps_back_is_one_line_or_sorted(name: str, tmp_path: Path) -> None:
    make = {
        **{key: value[0] for key, value in WRAPPING.items()},
        "aedat3": lambda events: event_files.aedat3(event_files.aedat3_packet(events)),
        "aedat4": lambda events: event_files.aedat4(event_files.aedat4_packet(events)),
    }[name]
    path = tmp_path / "a"
    path.write_bytes(laid(make, 9000, 9500, 200, 300))
    line = r"byte \d+: the clock jumps back from 9500 to 200 microseconds"
    with pytest.raises(EventFileError, match=line) as caught:
        read(path, format=name)
    assert 0 < caught.value.offset < path.stat().st_size
    assert ("pause" in str(caught.value)) == (name in WRAPPING)
    found = read(path, format=name, sort=True)
    assert found.times.tolist() == [200, 300, 9000, 9500]


def test_an_event_from_before_a_turn_is_no_turn_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a"
    late: list[Event] = [(2**23 - 5, 1, 1, 1), (3, 2, 1, 1), (2**23 - 1, 3, 1, 1), (9, 4, 1, 1)]
    path.write_bytes(event_files.bits40(late))
    with pytest.raises(EventFileError, match="jumps back from 8388611 to 8388607"):
        read(path, format="bin")
    found = read(path, format="bin", sort=True)
    assert found.times.tolist() == [2**23 - 5, 2**23 - 1, 2**23 + 3, 2**23 + 9]
    assert found.x.tolist() == [1, 3, 2, 4]


def test_a_full_counter_of_n_mnist_moves_all_that_follows(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    events = [*MANY, (29, 0, 240, 0), (30, 1, 1, 1), (0, 0, 240, 0), (31, 1, 1, 1)]
    path.write_bytes(event_files.bits40(events))
    assert read(path).times.tolist() == [*range(30), 30 + 8192, 31 + 2 * 8192]


def test_the_lower_half_of_evt3_waits_for_its_own_word(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    words = [0x8001, 0x6FFF, 5, 0x2001, 0x8002, 0x2002, 0x6000, 0x2003]
    path.write_bytes(event_files.evt_header("3.0", 64, 48) + struct.pack("<8H", *words))
    assert read(path).times.tolist() == [0x1FFF, 0x2000, 0x2000]


def test_vectors_of_evt3_are_laid_from_the_lowest_bit(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    words = [0x8001, 0x6000, 7, 0x3000 | 1 << 11 | 20, 0x4805, 0x5081, 0x4001, 0xA000, 0xE123]
    words += [0x7001, 0xF001]
    path.write_bytes(event_files.evt_header("3.0", 128, 48) + struct.pack("<11H", *words))
    found = read(path)
    assert found.x.tolist() == [20, 22, 31, 32, 39, 40]
    assert set(found.p.tolist()) == {1} and set(found.y.tolist()) == {7}


def test_groups_of_evt21_are_laid_from_the_lowest_bit(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    words = [8 << 60 | 1 << 32, 1 << 60 | 5 << 54 | 32 << 43 | 9 << 32 | 0x80000003]
    path.write_bytes(event_files.evt_header("2.1", 128, 48) + struct.pack("<2Q", *words))
    found = read(path)
    assert (found.x.tolist(), found.y.tolist()) == ([32, 33, 63], [9, 9, 9])
    assert found.times.tolist() == [64 + 5] * 3 and found.p.tolist() == [1, 1, 1]


def test_events_that_were_taken_back_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.aedat"
    packets = [
        event_files.aedat3_packet(MANY[:3], valid=[1, 0, 1]),
        event_files.aedat3_packet(MANY[3:5], kind=3),
        event_files.aedat3_packet([(2**31 + 7, 5, 6, 0)]),
    ]
    path.write_bytes(event_files.aedat3(*packets))
    found = read(path)
    assert (found.times.tolist(), found.sensor) == ([0, 2, 2**31 + 7], Sensor(128, 128, 2))


def test_frames_and_motion_of_aedat2_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.aedat"
    other = [1 << 31 | 3 << 10, 1 << 31 | 5, 1 << 10]
    extra = b"".join(struct.pack(">II", place, 31) for place in other)
    path.write_bytes(event_files.aedat2(MANY) + extra)
    assert read(path).times.tolist() == list(range(30))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            event_files.aedat3(
                event_files.aedat3_packet(MANY), event_files.aedat3_packet(MANY, camera=1)
            ),
            "events of cameras 0 and 1, whose clocks differ",
        ),
        (event_files.aedat3(form="SerializedTS"), "format 'SerializedTS', expected RAW"),
        (event_files.aedat3(device="Unheard"), "camera 'Unheard', whose size is not known: write"),
        (event_files.aedat2(MANY, "Cochlea"), "camera 'Cochlea', and only of DVS128 and DAVIS"),
        (event_files.es_head(3), "Event Stream of type 3, expected 0"),
        (b"Event Stream\1\0\0\1" + bytes(9), "Event Stream of version 1.0.0, expected 2"),
        (event_files.dat(MANY, kind=14), "events of type 14 with 8 bytes, expected type 0"),
        (event_files.dat([(1, 1, 1, 3)]), "polarity 3, expected 0 or 1"),
    ],
)
def test_what_a_format_has_and_is_not_read_is_one_line(
    content: bytes, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(EventFileError, match=line):
        read(path)
