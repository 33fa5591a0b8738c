"""Arrays, caches and states of streams in zip files: whole, or refused before they take memory."""

import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.event_graphs import loop

from axonal._base.jsontext import parse_json
from axonal._base.npz import read_npz
from axonal.datasets import EventSet, Sensor
from axonal.datasets._cache import cached
from axonal.deploy import EventGraph, GraphError, Stream

MEGABYTE = 1 << 20
ARRAYS = {
    "x": np.arange(12).reshape(3, 4).T,
    "text": np.array("aß"),
    "none": np.zeros((0, 3), np.float32),
    "big-endian": np.arange(3, dtype=">i4"),
    "one": np.array(True),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back_as_they_were(save: Callable[..., None], tmp_path: Path) -> None:
    save(tmp_path / "a.npz", **ARRAYS)
    found = read_npz(tmp_path / "a.npz")
    assert list(found) == list(ARRAYS)
    for name, x in ARRAYS.items():
        np.testing.assert_array_equal(found[name], x, strict=True)


def header(kind: str = "<f8", shape: str = "(3,)", columns: str = "False") -> bytes:
    text = f"{{'descr': {kind!r}, 'fortran_order': {columns}, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def lying_about_size() -> bytes:
    content = bytearray(zipped(("x.npy", header() + bytes(24))))
    where = content.rindex(b"PK\1\2") + 24
    content[where : where + 4] = (2_000_000_000).to_bytes(4, "little")
    return bytes(content)


BAD = {
    "declared, not stored": zipped(("x.npy", header(shape="(2000000000,)"))),
    "a negative length": zipped(("x.npy", header(shape="(-1,)") + bytes(8))),
    "a deep shape": zipped(("x.npy", header(shape="(" * 90 + ")" * 90))),
    "long texts": zipped(("x.npy", header(kind="<U999999999", shape="(1,)"))),
    "no letters": zipped(("x.npy", header(kind="<U1", shape="(1,)") + b"\xff" * 4)),
    "half a letter": zipped(("x.npy", header(kind=">U1", shape="(1,)") + b"\0\0\xd8\0")),
    "objects": zipped(("x.npy", header(kind="|O"))),
    "records": zipped(("x.npy", header(kind="i4,i4"))),
    "a long header": zipped(("x.npy", b"\x93NUMPY\2\0" + b"\xff" * 4)),
    "no header": zipped(("x.npy", b"")),
    "more than the array": zipped(("x.npy", header() + bytes(32))),
    "another packing": zipped(("x.npy", header() + bytes(24)), method=zipfile.ZIP_BZIP2),
    "no array": zipped(("readme", b"text")),
    "lies in the list": lying_about_size(),
    "nothing": b"",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_such_file_is_one_line_and_takes_no_memory(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"a\.npz is damaged or not an \.npz file") as caught:
            read_npz(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert most < MEGABYTE


def test_every_flipped_bit_of_a_state_is_refused_or_harmless(tmp_path: Path) -> None:
    graph, path = loop(neurons=4, fan=1, steps=4), tmp_path / "state.npz"
    stream = Stream(graph)
    for _ in range(3):
        stream.advance({"in": np.ones(4)})
    stream.save(path)
    expected = stream.advance().readout["out"]
    whole, other = path.read_bytes(), Stream(graph)
    for place in range(0, len(whole), 17):
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        path.write_bytes(content)
        try:
            other.load(path)
        except ValueError as error:
            assert str(path) in str(error) and "\n" not in str(error)
        else:
            assert other.step == 3
            np.testing.assert_array_equal(other.advance().readout["out"], expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("state.ring"),
        lambda arrays: arrays.update({"state.ring": arrays["state.ring"][:, :1]}),
        lambda arrays: arrays.update({"state.v": arrays["state.v"] * np.nan}),
        lambda arrays: arrays.update({"state.step": np.int64(-1)}),
        lambda arrays: arrays.update({"state.wait": arrays["state.wait"].astype(float)}),
    ],
)
def test_a_state_that_does_not_fit_its_graph_is_refused(
    change: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    from axonal.deploy.running.stream import _checksum

    graph, path = loop(neurons=4, fan=1, steps=4), tmp_path / "state.npz"
    stream = Stream(graph)
    stream.advance()
    stream.save(path)
    arrays = read_npz(path)
    del arrays["checksum"]
    change(arrays)
    np.savez(path, **arrays, checksum=np.array(_checksum(arrays)))
    with pytest.raises(ValueError, match="is damaged"):
        stream.load(path)


def test_a_cache_with_any_damaged_byte_is_made_anew(tmp_path: Path) -> None:
    def make() -> EventSet:
        times = [0, 1, 2, 3, 4]
        return EventSet.of(times, [0] * 5, [0, 5], [0], sensor=Sensor(1), classes=("a",))

    cached("x", {}, tmp_path, make)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for place in range(0, len(whole), 37):
        content = bytearray(whole)
        content[place] ^= 0xFF
        kept.write_bytes(content)
        assert cached("x", {}, tmp_path, make).times(0).tolist() == [0, 1, 2, 3, 4]
    assert os.listdir(tmp_path) == [kept.name]


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 65 + "]" * 65, "1" * 5000, "{", b"\xff"])
def test_nonsense_in_json_is_one_line(text: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        parse_json(text)
    assert "\n" not in str(caught.value)
    assert parse_json("[" * 64 + "]" * 64)


def test_a_graph_with_deep_info_is_refused(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "graph.h5"
    loop(neurons=4, fan=1, steps=2).save(path)
    with h5py.File(path, "r+") as file:
        del file["info"]
        file["info"] = np.frombuffer(b'{"a":' + b"[" * 80 + b"]" * 80 + b"}", np.uint8)
    with pytest.raises(GraphError, match="nested more than 64 deep"):
        EventGraph.load(path)
