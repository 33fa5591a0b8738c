"""Files that are cut: an error with the byte, or what is whole."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers import event_files
from helpers.event_cases import EVENTS, HALVES, Case

from axonal.datasets import EventFileError, read


def cuts(content: bytes) -> list[int]:
    """Places to cut: the end, the beginning, and some between."""
    size = len(content)
    return sorted({*range(size - 40, size), *range(1, 30), *range(30, size, size // 40)})


def test_a_cut_file_is_an_error_or_the_events_before_the_cut(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "a"
    expected = np.array(case.events)
    for size in cuts(case.content):
        path.write_bytes(case.content[:size])
        for truncated in (False, True):
            try:
                found = read(path, format=case.format, truncated=truncated)
            except EventFileError as error:
                assert str(error).startswith(f"{path}, byte ") and "\n" not in str(error)
                assert 0 <= error.offset <= max(size, len(case.content))
                continue
            # between two events nothing tells that there were more
            count = len(found)
            np.testing.assert_array_equal(found.times, expected[:count, 0])
            np.testing.assert_array_equal(found.x, expected[:count, 1])
            if not truncated and case.unit > 1:
                assert (len(case.content) - size) % case.unit == 0 or case.format == "aedat4"


@pytest.mark.parametrize("name", ["evt3", "evt2", "evt21", "dat", "bits40", "es_dvs", "aedat2"])
def test_a_part_of_a_word_is_refused_and_what_is_whole_is_given(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    content = getattr(event_files, name)(EVENTS)
    path.write_bytes(content[:-1])
    with pytest.raises(
        EventFileError, match=r"within an? (word|event).*read\(path, truncated=True"
    ):
        read(path)
    assert len(read(path, truncated=True)) == len(EVENTS) - 1


def test_a_packet_that_is_cut_gives_the_packets_before(tmp_path: Path) -> None:
    path = tmp_path / "a"
    packets = [event_files.aedat4_packet(one) for one in HALVES]
    for content in (
        event_files.aedat4(*packets),
        event_files.aedat3(*map(event_files.aedat3_packet, HALVES)),
    ):
        path.write_bytes(content[:-4])
        with pytest.raises(EventFileError, match=r"Was it cut\? read\(path, truncated=True\)"):
            read(path)
        assert len(HALVES[0]) <= len(read(path, truncated=True)) < len(EVENTS)


def test_events_before_the_first_time_are_missed_or_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    head, words = event_files.evt_header("3.0", 64, 48), [0x2001, 0x8001, 0x2002, 5, 0x2003]
    path.write_bytes(head + struct.pack("<5H", *words))
    line = f"byte {len(head)}: an event before the first word that tells its time"
    with pytest.raises(EventFileError, match=line):
        read(path)
    assert read(path, truncated=True).x.tolist() == [3]


@pytest.mark.parametrize(
    ("make", "offset"), [(event_files.evt2, 4), (event_files.evt21, 8), (event_files.evt3, 6)]
)
def test_an_event_outside_is_named_by_its_byte(make, offset: int, tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    head = len(make([]))
    path.write_bytes(make([(5, 40, 3, 1)], width=33))
    with pytest.raises(EventFileError, match=rf"byte {head + offset}: an event at x = 40, y = 3"):
        read(path)


def test_a_size_that_lies_allocates_nothing(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a"
    huge = 2**31 - 1
    aedat3 = bytearray(event_files.aedat3(event_files.aedat3_packet(EVENTS)))
    at = aedat3.index(b"#!END-HEADER\r\n") + 14
    aedat3[at + 16 : at + 24] = struct.pack("<ii", huge // 8, huge // 8)
    generic = b"Event Stream\2\0\0\0" + b"\1" + b"\xff" * 6 + b"\x02" + bytes(50)
    packet = bytearray(event_files.aedat4_packet(EVENTS))
    packet[-16 * len(EVENTS) - 4 :][:4] = packet[:4]
    place = len(packet) - 16 * len(EVENTS) - 4
    packet[place : place + 4] = struct.pack("<I", huge)
    contents = [bytes(aedat3), generic, event_files.aedat4(bytes(packet))]
    for content in contents:
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(EventFileError, match=r"byte \d+: "):
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 << 20


def test_a_packet_that_unpacks_to_far_more_than_its_events_is_refused(tmp_path: Path) -> None:
    import lz4.frame

    path = tmp_path / "a"
    bomb = lz4.frame.compress(struct.pack("<I", 2**28) + bytes(2**28))
    path.write_bytes(event_files.aedat4(bomb, packing=1))
    with pytest.raises(EventFileError, match="a buffer of b'"):
        read(path)


def test_a_table_of_settings_with_entities_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    tree = '<!DOCTYPE dv [<!ENTITY a "a">]>' + event_files.aedat4_tree(4, 4)
    path.write_bytes(event_files.aedat4_header(tree))
    with pytest.raises(EventFileError, match="a tree with declarations"):
        read(path)


def test_hdf5_of_another_layout_says_what_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    for name, line in (
        ("spikes/times", r"many recordings: read_shd\(path\)"),
        ("train_timestamps/a", r"many recordings: read_ntidigits\(path\)"),
        ("other", "damaged or of another layout"),
    ):
        with h5py.File(path, "w") as file:
            file[name] = [1]
        with pytest.raises(EventFileError, match=line):
            read(path)


def test_a_missing_codec_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    kind = np.dtype([("x", "<u2"), ("y", "<u2"), ("p", "<i2"), ("t", "<i8")])
    recipe = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    recipe.set_chunk((64,))
    # optional, so that HDF5 lets it be named without having it
    recipe.set_filter(0x8ECF, h5py.h5z.FLAG_OPTIONAL, ())
    with h5py.File(path, "w") as file:
        group = file.create_group("CD")
        space = h5py.h5s.create_simple((0,), (h5py.h5s.UNLIMITED,))
        h5py.h5d.create(group.id, b"events", h5py.h5t.py_create(kind), space, recipe)
    with pytest.raises(EventFileError, match="codec ECF, which HDF5 does not find here: install"):
        read(path)
