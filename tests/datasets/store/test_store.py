"""Files of events give back what was written, and are refused if they are not what is expected."""

import hashlib
import multiprocessing
import os
import pickle
import struct
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.event_sets import ABOUT, ORIGIN, SENSOR, assert_same, drawn, streamed
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import (
    EventSet,
    Grid,
    Origin,
    Recording,
    Sensor,
    StreamedSample,
    check_events,
    counts,
    open_events,
    read_header,
    save_events,
    write_events,
)
from axonal.datasets.store import _write
from axonal.datasets.store.header import PREFIX


@given(
    seed=st.integers(0, 10_000),
    samples=st.integers(0, 6),
    piece=st.integers(1, 100),
    sensor=st.sampled_from([SENSOR, Sensor(300, 200, 2)]),
)
def test_what_is_written_in_one_go_or_in_pieces_is_the_same_file(
    seed: int, samples: int, piece: int, sensor: Sensor, tmp_path_factory: Any
) -> None:
    folder, events = tmp_path_factory.mktemp("store"), drawn(seed, samples, sensor)
    whole = save_events(folder / "whole", events, origin=ORIGIN)
    assert_same(check_events(whole), events)
    about = ABOUT | {"sensor": sensor, "origin": ORIGIN}
    if samples:  # without one nobody knows of groups
        write_events(folder / "pieces", streamed(events, piece), **about)
        assert (folder / "pieces").read_bytes() == whole.read_bytes()
        write_events(folder / "copy", open_events(whole), **about)
        assert (folder / "copy").read_bytes() == whole.read_bytes()
    assert not [name for name in os.listdir(folder) if name.startswith(".")]


def test_pieces_of_a_large_recording_are_encoded_some_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_write, "PIECE", 7)
    events = drawn(1)
    write_events(tmp_path / "a", list(streamed(events, 50)), **ABOUT, origin=ORIGIN)
    assert (tmp_path / "a").read_bytes() == save_events(
        tmp_path / "b", events, origin=ORIGIN
    ).read_bytes()


def test_a_recording_larger_than_memory_is_written_in_little_of_it(tmp_path: Path) -> None:
    def pieces() -> Iterator[Recording]:
        for k in range(20):
            times = np.arange(200_000, dtype=np.int64) + k * 200_000
            yield Recording(times, np.zeros(len(times), np.uint32), SENSOR)

    write_events(tmp_path / "a", [StreamedSample([next(pieces())], 0)], **ABOUT)
    tracemalloc.start()
    events = write_events(tmp_path / "a", [StreamedSample(pieces(), 0)], **ABOUT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert events.event_count == 4_000_000
    assert peak < 40e6 < events.event_count * 12


def opened_elsewhere(events: EventSet) -> int:
    return int(counts(events, Grid(0.001, 400)).values.sum())


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_processes_share_a_file(how: str, tmp_path: Path) -> None:
    events = drawn(2)
    opened = open_events(save_events(tmp_path / "a", events))
    assert len(pickle.dumps(opened)) < 1000
    if how == "spawn":
        # functions of test modules cannot be imported there
        assert_same(pickle.loads(pickle.dumps(opened)), events)
        return
    with multiprocessing.get_context(how).Pool(2) as pool:
        assert pool.map(opened_elsewhere, [opened] * 4) == [events.event_count] * 4


def test_a_file_that_was_replaced_is_not_taken_for_the_one_that_was_opened(tmp_path: Path) -> None:
    opened = open_events(save_events(tmp_path / "a", drawn(1)))
    sent = pickle.dumps(opened)
    save_events(tmp_path / "a", drawn(2))
    with pytest.raises(ValueError, match="was replaced since it was opened"):
        pickle.loads(sent)
    assert_same(opened, drawn(1))  # what was opened stays


def test_arrays_of_a_file_are_read_only(tmp_path: Path) -> None:
    opened = open_events(save_events(tmp_path / "a", drawn(1)))
    with pytest.raises(ValueError, match="read-only"):
        opened.low[0] = 1


def test_the_header_says_what_the_file_is_made_from(tmp_path: Path) -> None:
    path = save_events(tmp_path / "a", drawn(1), origin=ORIGIN)
    header = read_header(path)
    assert (header.origin, header.sensor, header.name) == (ORIGIN, SENSOR, "drawn")
    assert all(part.offset % 64 == 0 for part in header.arrays.values())
    source = tmp_path / "source"
    source.write_bytes(b"x")
    before = Origin.of_files([source])
    source.write_bytes(b"y")
    assert Origin.of_files([source]) != before


def changed(path: Path, place: int, new: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[place : place + len(new)] = new
    path.write_bytes(content)


def sealed(path: Path, old: bytes, new: bytes) -> None:
    """Change the header, under a checksum that is right again."""
    content = path.read_bytes()
    magic, version, zero, place, _, _ = PREFIX.unpack(content[: PREFIX.size])
    text = content[place:].replace(old, new)
    assert text != content[place:]
    digest = hashlib.sha256(text).digest()
    head = PREFIX.pack(magic, version, zero, place, len(text), digest)
    path.write_bytes(head + content[PREFIX.size : place] + text)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: p.write_bytes(b""), "is no file of events"),
        (lambda p: p.write_bytes(b"P5 not events"), "is no file of events"),
        (lambda p: p.write_bytes(p.read_bytes()[:40]), "is cut short: it has 40 bytes"),
        (lambda p: p.write_bytes(p.read_bytes()[:-1]), "bytes where its prefix says"),
        (lambda p: p.write_bytes(p.read_bytes() + b"\0"), "bytes where its prefix says"),
        (lambda p: changed(p, 8, b"\2"), "version 2 .* up to 1: install a newer one"),
        (lambda p: changed(p, 8, b"\0"), "is damaged: version 0"),
        (lambda p: changed(p, 16, bytes(48)), "is not finished"),
        (lambda p: changed(p, 24, b"\xff" * 8), "bytes where its prefix says"),
        (lambda p: changed(p, 40, b"\0\0\0"), "header does not match its checksum"),
        (lambda p: sealed(p, b'"microsecond"', b'"millisecond"'), "times in 'millisecond'"),
        (lambda p: sealed(p, b'"low"', b'"law"'), "has no low"),
        (lambda p: sealed(p, b'"dtype":"<u2"', b'"dtype":"<u8"'), "of type '<u8'"),
        (lambda p: sealed(p, b'"length":6,', b'"length":6000000000000,'), "beyond its"),
        (lambda p: sealed(p, b'"length":7,', b'"length":5,'), "is damaged: EventSet expects"),
        (lambda p: sealed(p, b'"sensor":[6,5,2]', b'"sensor":[6,5,-2]'), "polarities"),
        (lambda p: sealed(p, b'"sensor":[6,5,2]', b'"sensor":7'), "header that is none"),
        (lambda p: sealed(p, b'"offset":64', b'"offset":65'), "at a place"),
        (lambda p: sealed(p, b'"classes":["a"', b'"classes":["a",3'), "no text"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_in_one_line(
    damage: Any, message: str, tmp_path: Path
) -> None:
    path = save_events(tmp_path / "a.axe", drawn(1))
    damage(path)
    with pytest.raises(ValueError, match=message) as caught:
        open_events(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        open_events(tmp_path / "a")
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        open_events(tmp_path)


def test_boundaries_that_fall_are_seen_at_once_and_any_byte_by_a_check(tmp_path: Path) -> None:
    events = drawn(3)
    path = save_events(tmp_path / "a", events)
    arrays, whole = read_header(path).arrays, path.read_bytes()
    changed(path, arrays["boundaries"].offset, struct.pack("<q", 2**40))
    with pytest.raises(ValueError, match="boundaries that never fall"):
        open_events(path)
    for name, part in arrays.items():
        path.write_bytes(whole)
        place = part.offset + int(part.dtype[2:]) * part.length - 1
        changed(path, place, bytes([whole[place] ^ 1]))
        with pytest.raises(ValueError, match="is damaged"):
            check_events(path)
        assert name in ("low", "addresses") or part.length


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (Origin("other", ORIGIN.transforms), "is stale: it was made from source made, expected ot"),
        (Origin("made"), r"is stale: it was made from transforms \[\{'size'.*, expected \[\]"),
    ],
)
def test_a_stale_file_is_refused(expect: Origin, message: str, tmp_path: Path) -> None:
    path = save_events(tmp_path / "a", drawn(1), origin=ORIGIN)
    assert len(open_events(path, expect=ORIGIN)) == 6
    with pytest.raises(ValueError, match=message):
        open_events(path, expect=expect)


def test_an_origin_that_a_file_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="that JSON holds"):
        Origin("a", (object(),))
    with pytest.raises(TypeError, match="source as text"):
        Origin(3)  # type: ignore[arg-type]
