"""NIR files: written whole or not at all, and read with one clear line for what is no such file."""

import contextlib
import io
import os
from collections.abc import Iterator
from os import PathLike
from typing import Any

import h5py

from axonal._base.files import check_source, write_bytes
from axonal._base.hdf5 import UnfitFile, checked
from axonal.deploy.nir.errors import NIRError, nir_package
from axonal.deploy.nir.node import Node, of_content

# What h5py and numpy raise on a damaged or strange file.
_DAMAGE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip


def write(graph: Any, path: str | PathLike[str]) -> None:
    """Write a NIR graph to a file that is whole or not there.

    Neurons whose metadata name the reset by subtraction are stored without v_reset, as NIR did
    before 1.0.6; in memory nir gives every neuron one.
    """
    nir = nir_package()
    # in memory first: HDF5 cannot close a file on a disk that is full
    content = io.BytesIO()
    nir.write(content, graph)
    subtract = [k for k, x in graph.nodes.items() if x.metadata.get("reset") == "subtract"]
    if subtract:
        with h5py.File(content, "r+") as file:
            for name in subtract:
                del file["node"]["nodes"][name]["v_reset"]
    write_bytes(path, content.getvalue())


def read(path: str | PathLike[str]) -> Node:
    """Read a NIR graph.

    Raises:
        FileNotFoundError: there is no such file.
        NIRError: it is foreign, damaged, or not well-formed.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no NIR file {path}")
    try:
        with _opened(path) as file:
            if "format" in file.attrs:
                raise NIRError(f"{path} is no NIR graph but an event graph: use EventGraph.load")
            if not isinstance(file.get("node"), h5py.Group):
                raise NIRError(f"{path} is an HDF5 file, but no NIR graph")
            content = _content(file["node"])
    except NIRError:
        raise
    except UnfitFile as error:
        raise NIRError(f"{path}: {error}") from None
    except _DAMAGE as error:
        line = " ".join(str(error).split())[:200] or type(error).__name__
        raise NIRError(f"{path} is damaged, cut short or not well-formed ({line})") from error
    try:
        node = of_content(content)
    except (NIRError, UnicodeDecodeError) as error:
        raise NIRError(f"{path} is no well-formed NIR graph: {error}") from error
    if node.kind != "NIRGraph":
        raise NIRError(f"{path} holds a node of type {node.kind}, but no NIR graph")
    return node


@contextlib.contextmanager
def _opened(path: str | PathLike[str]) -> Iterator[h5py.File]:
    """The file, open for reading, which leads nowhere else and holds what it declares."""
    try:
        check_source(path)
    except OSError as error:
        raise NIRError(f"{path} is no NIR graph: {error}") from None
    if not h5py.is_hdf5(path):
        raise NIRError(f"{path} is no NIR graph: it is not an HDF5 file, or its head is lost")
    with h5py.File(path, "r") as file:
        checked(file, own=False)
        yield file


def _content(group: h5py.Group) -> dict[str, Any]:
    """Groups as dicts, data sets as arrays, numbers and text."""
    found: dict[str, Any] = {}
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            found[name] = _content(item)
        else:
            value = item[()]
            found[name] = value.decode() if isinstance(value, bytes) else value
    return found
