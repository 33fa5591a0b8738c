"""NIR files: written whole or not at all, and read with one clear line for what is no such file."""

import io
import os
from collections.abc import Iterator
from os import PathLike
from typing import Any

import h5py

from axonal._base.files import check_source, write_bytes
from axonal._base.hdf5 import UnfitFile, checked
from axonal.deploy.exchange._errors import NIRError, nir_package, refusal
from axonal.deploy.exchange._nodes import unsupported

# What h5py and nir raise on a damaged or strange file.
_DAMAGE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip


def write(graph: Any, path: str | PathLike[str]) -> None:
    """Write a NIR graph to a file that is whole or not there."""
    nir = nir_package()
    # in memory first: HDF5 cannot close a file on a disk that is full
    content = io.BytesIO()
    nir.write(content, graph)
    write_bytes(path, content.getvalue())


def read(path: str | PathLike[str]) -> Any:
    """Read a NIR graph.

    Raises:
        FileNotFoundError: there is no such file.
        NIRError: it is foreign, damaged, or has nodes without an equivalent, all of them by name.
    """
    nir = nir_package()
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no NIR file {path}")
    try:
        check_source(path)
    except OSError as error:
        raise NIRError(f"{path} is no NIR graph: {error}") from None
    try:
        if not h5py.is_hdf5(path):
            raise NIRError(f"{path} is no NIR graph: it is not an HDF5 file, or its head is lost")
        with h5py.File(path, "r") as file:
            checked(file, own=False)
            if "format" in file.attrs:
                raise NIRError(f"{path} is no NIR graph but an event graph: use EventGraph.load")
            if "node" not in file or "version" not in file:
                raise NIRError(f"{path} is an HDF5 file, but no NIR graph")
            types = list(_types(file["node"]))
            problems = [line for name, kind in types for line in unsupported(name, kind)]
        if problems:
            raise refusal(f"{path} cannot be imported", problems)
        return nir.read(path, type_check=False)
    except NIRError:
        raise
    except UnfitFile as error:
        raise NIRError(f"{path}: {error}") from None
    except _DAMAGE as error:
        line = " ".join(str(error).split())[:200] or type(error).__name__
        raise NIRError(f"{path} is damaged, cut short or not well-formed ({line})") from error


def _types(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Path and type of every node below a graph; nir stops at the first that it does not know."""
    for name, below in node["nodes"].items():
        kind = below["type"][()].decode()
        yield f"{prefix}{name}", kind
        if kind == "NIRGraph":
            yield from _types(below, f"{prefix}{name}.")
