"""No HDF5 reader leaves its file, or believes a size that the file cannot hold."""

import os
import re
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers.event_graphs import loop as small_graph

from axonal._base.hdf5 import checked
from axonal.datasets import EventSet, Sensor, read_shd, write_shd
from axonal.deploy import EventGraph, from_nir, to_nir

MEGABYTE = 1 << 20


def read_nir(path: Path) -> object:
    return from_nir(path)


READERS = {
    "graph": (EventGraph.load, "projections/0/weight"),
    "nir": (read_nir, "node/nodes/x/v_threshold"),
    "shd": (read_shd, "labels"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("whole")
    graph = small_graph()
    graph.save(folder / "graph")
    to_nir(graph, folder / "nir")
    spikes = EventSet.of(
        np.arange(9), np.zeros(9, int), [0, 9], [0], sensor=Sensor(4), classes=("a",)
    )
    write_shd(folder / "shd", spikes)
    for name, (read, _) in READERS.items():
        read(folder / name)
    return {name: folder / name for name in READERS}


def replaced(group: h5py.Group, name: str, link: object) -> None:
    group.move(name, f"{name}_elsewhere")
    group[name] = link


def soft_link(file: h5py.File, name: str) -> None:
    file.move(name, "elsewhere")
    file[name] = h5py.SoftLink("/elsewhere")


def link_to_file(file: h5py.File, name: str) -> None:
    shutil.copy(file.filename, f"{file.filename}.other")
    del file[name]
    file[name] = h5py.ExternalLink(f"{file.filename}.other", f"/{name}")


def link_to_pipe(file: h5py.File, name: str) -> None:
    os.mkfifo(f"{file.filename}.pipe")
    del file[name]
    file[name] = h5py.ExternalLink(f"{file.filename}.pipe", f"/{name}")


def unused_link(file: h5py.File, name: str) -> None:
    file["unused"] = h5py.ExternalLink("/etc/hostname", "/x")


def external_storage(file: h5py.File, name: str) -> None:
    old = file[name]
    shape, kind = old.shape, old.dtype
    del file[name]
    Path(f"{file.filename}.raw").write_bytes(bytes(4096))
    stored = [(f"{file.filename}.raw", 0, 4096)]
    file.create_dataset(name, shape, kind, external=stored)


def virtual(file: h5py.File, name: str) -> None:
    shutil.copy(file.filename, f"{file.filename}.other")
    old = file[name]
    layout = h5py.VirtualLayout(old.shape, old.dtype)
    layout[...] = h5py.VirtualSource(f"{file.filename}.other", name, old.shape)
    del file[name]
    file.create_virtual_dataset(name, layout)


def two_names(file: h5py.File, name: str) -> None:
    file["again"] = file[name]


def loop(file: h5py.File, name: str) -> None:
    group = file[name].parent
    group["loop"] = file["/"] if group.name == "/" else group


def chunks_left_out(file: h5py.File, name: str) -> None:
    kind = file[name].dtype
    del file[name]
    file.create_dataset(name, (2_000_000_000,), kind, chunks=(1 << 18,), compression="gzip")


def nothing_stored(file: h5py.File, name: str) -> None:
    kind = file[name].dtype
    del file[name]
    file.create_dataset(name, (2_000_000_000,), kind)


def one_huge_chunk(file: h5py.File, name: str) -> None:
    kind, size = file[name].dtype, 100 * MEGABYTE
    del file[name]
    made = file.create_dataset(name, (2,), kind, chunks=(size,), maxshape=(None,))
    made.id.set_extent((2,))


def packed_twice(file: h5py.File, name: str) -> None:
    kind = file[name].dtype
    del file[name]
    recipe = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    recipe.set_chunk((4 * MEGABYTE,))
    recipe.set_deflate(9)
    recipe.set_deflate(9)
    space = h5py.h5s.create_simple((4 * MEGABYTE,))
    made = h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(kind), space, recipe)
    h5py.Dataset(made)[...] = 0


ATTACKS = (
    soft_link, link_to_file, link_to_pipe, unused_link, external_storage, virtual, two_names, loop,
    chunks_left_out, nothing_stored, one_huge_chunk, packed_twice,
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
@pytest.mark.parametrize("reader", READERS)
def test_what_leads_out_of_a_file_or_claims_too_much_is_one_line_at_once(
    reader: str,
    attack: Callable[[h5py.File, str], None],
    whole: dict[str, Path],
    tmp_path: Path,
) -> None:
    read, name = READERS[reader]
    path = tmp_path / "file.h5"
    shutil.copy(whole[reader], path)
    with h5py.File(path, "r+", libver=("earliest", "v110")) as file:
        attack(file, name)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError) as caught:
            read(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    assert re.search("not followed|has one|declares|never stored|packed twice", text)
    assert most < 2 * path.stat().st_size + MEGABYTE


def test_elements_of_variable_length_are_held_against_the_file(
    whole: dict[str, Path], tmp_path: Path
) -> None:
    content = bytearray(whole["shd"].read_bytes())
    with h5py.File(whole["shd"]) as file:
        place = file["spikes/times"].id.get_offset()
    assert content[place] == 9
    content[place : place + 4] = (500_000_000).to_bytes(4, "little")
    path = tmp_path / "shd.h5"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"spikes/times declares elements of 1000000000 bytes"):
        read_shd(path)


@pytest.mark.parametrize("reader", ["shd", "nir"])
def test_a_gap_without_a_length_is_refused_and_not_walked_for_ever(
    reader: str, whole: dict[str, Path], tmp_path: Path
) -> None:
    content = bytearray(whole[reader].read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 4096] = bytes(4080)
    path = tmp_path / "file.h5"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="has elements in a damaged part of the file"):
        READERS[reader][0](path)


def test_elements_of_an_unknown_kind_of_variable_length_are_refused(
    whole: dict[str, Path], tmp_path: Path
) -> None:
    content = bytearray(whole["shd"].read_bytes())
    # a sequence of two bytes each; HDF5 crashes on a kind of sequence that there is not
    kind = bytes([0x19, 0, 0, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 2, 0, 0, 0])
    assert content.count(kind) == 1
    path = tmp_path / "shd.h5"
    path.write_bytes(content.replace(kind, bytes([0x19, 4]) + kind[2:]))
    with pytest.raises(ValueError, match="spikes/units has elements of an unusual layout"):
        read_shd(path)


@pytest.mark.parametrize("kind", ["STD_B8LE", "STD_B64BE", "UNIX_D32LE"])
def test_bits_are_read_as_numbers_and_times_are_refused(
    kind: str, whole: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "shd.h5"
    shutil.copy(whole["shd"], path)
    with h5py.File(path, "r+") as file:
        space = h5py.h5s.create_simple((1,))
        h5py.h5d.create(file.id, b"unused", getattr(h5py.h5t, kind), space)
    if kind.startswith("STD"):
        assert len(read_shd(path)) == 1
    else:
        with pytest.raises(ValueError, match="unused has elements of an unusual layout"):
            read_shd(path)


@pytest.mark.parametrize("reader", READERS)
def test_a_name_that_is_no_text_is_refused(
    reader: str, whole: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "file.h5"
    shutil.copy(whole[reader], path)
    with h5py.File(path, "r+") as file:
        h5py.h5g.create(file.id, b"n\xfame")
    with pytest.raises(ValueError, match=r"/ has a name that is not UTF-8: b'n\\xfame'"):
        READERS[reader][0](path)


@pytest.mark.parametrize("bits", [(1, 14), (0, 15)])
def test_numbers_that_do_not_fill_their_bytes_are_refused(
    bits: tuple[int, int], whole: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "shd.h5"
    shutil.copy(whole["shd"], path)
    with h5py.File(path, "r+") as file:
        kind = h5py.h5t.STD_U16LE.copy()
        kind.set_precision(bits[1])
        kind.set_offset(bits[0])
        del file["labels"]
        space = h5py.h5s.create_simple((1,))
        made = h5py.h5d.create(file.id, b"labels", kind, space)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.zeros(1, np.uint16))
    with pytest.raises(ValueError, match="labels has elements of an unusual layout"):
        read_shd(path)


def test_a_text_of_variable_length_in_a_header_is_held_against_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["text"] = "short"
    with h5py.File(path) as file:
        checked(file, own=True)
    content = path.read_bytes()
    place = content.index(b"text\0")
    length = content.index((5).to_bytes(4, "little"), place)
    path.write_bytes(content[:length] + b"\xff" * 4 + content[length + 4 :])
    with h5py.File(path) as file, pytest.raises(ValueError, match="attribute text is larger"):
        checked(file, own=True)


def test_packed_lists_of_variable_length_are_read(whole: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "packed.h5"
    shutil.copy(whole["shd"], path)
    expected = read_shd(path)
    with h5py.File(path, "r+") as file:
        for name in ("times", "units"):
            old = file["spikes"][name]
            values, kind = old[0], old.dtype
            del file["spikes"][name]
            packing = {"compression": "gzip", "shuffle": True}
            made = file["spikes"].create_dataset(name, (1,), kind, chunks=(1,), **packing)
            made[0] = values
    np.testing.assert_array_equal(read_shd(path).times(0), expected.times(0))


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_or_a_folder_is_not_waited_for(reader: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises((OSError, ValueError), match="is a pipe, expected a regular file"):
        READERS[reader][0](tmp_path / "pipe")
    with pytest.raises((OSError, ValueError), match="is a folder"):
        READERS[reader][0](tmp_path)
