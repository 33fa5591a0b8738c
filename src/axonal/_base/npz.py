"""Arrays in .npz files: read only if every byte is there, and no larger than the file can hold."""

import ast
import math
import re
import warnings
import zipfile
import zlib
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.files import check_source

Arrays = dict[str, npt.NDArray[Any]]

LARGEST_RATIO = 1032
"""Bytes that deflate can pack into one."""

_PLAIN = re.compile(r"[<>|=][?biufcSU]\d{1,9}")
_LONGEST_HEADER = 10_000
# What zipfile raises on a damaged file.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, RuntimeError, OSError,
    NotImplementedError, SyntaxError, OverflowError, MemoryError, RecursionError, TypeError,
)  # fmt: skip


def read_npz(path: str | PathLike[str]) -> Arrays:
    """The arrays of a file that `numpy.savez` or `numpy.savez_compressed` wrote.

    Sizes are held against what is stored before anything is allocated, and each array against its
    checksum. Arrays of Python objects and records are refused.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it is no regular file.
        ValueError: it is damaged, no such file, or claims more than it holds; one line that names
            the file.

    >>> read_npz("nothing.npz")
    Traceback (most recent call last):
    FileNotFoundError: there is no file nothing.npz
    """
    check_source(path)
    try:
        # zipfile warns of names that appear twice; these are refused below
        with open(path, "rb") as stream, warnings.catch_warnings(action="ignore"):
            return _arrays(stream)
    except _DAMAGE as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f"{path} is damaged or not an .npz file of arrays: {why}") from error


def _arrays(stream: Any) -> Arrays:
    size = stream.seek(0, 2)
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        if sum(member.compress_size for member in members) > size:
            raise ValueError(f"its parts are larger together than its {size} bytes")
        found: Arrays = {}
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in found or name == member.filename:
                raise ValueError(f"the part {member.filename[:80]!r} is no array of its own")
            ratio = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: LARGEST_RATIO}
            if member.compress_type not in ratio:
                raise ValueError(f"{name} is packed by method {member.compress_type}")
            if member.file_size > member.compress_size * ratio[member.compress_type]:
                raise ValueError(
                    f"{name} declares {member.file_size} bytes and stores {member.compress_size}"
                )
            with archive.open(member) as part:
                found[name] = _array(part, member.file_size)
    return found


def _array(part: Any, size: int) -> npt.NDArray[Any]:
    head = _exactly(part, 8)
    if head[:6] != b"\x93NUMPY" or head[6:] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError("a part is no array of numpy")
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(_exactly(part, width), "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"a header of {length} bytes")
    fields = ast.literal_eval(_exactly(part, length).decode().strip())
    if not isinstance(fields, dict) or set(fields) != {"descr", "fortran_order", "shape"}:
        raise ValueError("a header that is none")
    kind, shape, columns = fields["descr"], fields["shape"], fields["fortran_order"]
    if kind == "|O":
        raise ValueError("Object arrays cannot be loaded: numbers and texts can")
    if not isinstance(kind, str) or not _PLAIN.fullmatch(kind):
        raise ValueError(f"an array of {str(kind)[:80]}, expected numbers or texts")
    plain = isinstance(shape, tuple) and all(type(n) is int and 0 <= n < 2**62 for n in shape)
    if not plain or len(shape) > 32 or not isinstance(columns, bool):
        raise ValueError(f"a shape {str(shape)[:80]}")
    dtype = np.dtype(kind)
    declared, held = math.prod(shape) * dtype.itemsize, size - 8 - width - length
    if declared != held or not dtype.itemsize:
        raise ValueError(f"an array declares {declared} bytes and {held} are there")
    values = np.empty(shape, dtype, order="F" if columns else "C")
    flat = values.reshape(-1, order="A").view(np.uint8)
    view = flat.data if values.size else memoryview(b"")
    done = 0
    while done < len(view):
        count = part.readinto(view[done : done + (1 << 20)])
        if not count:
            raise EOFError("it is cut short")
        done += count
    # its checksum is looked at where it ends
    if part.read(1):
        raise ValueError("a part that is longer than its array")
    return values


def _exactly(part: Any, count: int) -> bytes:
    found: bytes = part.read(count)
    if len(found) != count:
        raise EOFError("it is cut short")
    return found
