"""One matrix of numbers from a MATLAB file of version 5.

Layout: MathWorks, "MAT-File Format", 2013. After 128 bytes of text come elements: type [u4], bytes
[u4], content, filled up to 8 bytes. Type 15 is a packed element, type 14 a matrix, which is made of
elements: flags, sizes, name, numbers. An element of up to 4 bytes may have them in its head. Sizes
are held against the bytes that are there before anything is made of them.
"""

import math
import struct
import zlib
from typing import NamedTuple

import numpy as np

from axonal._base.array_types import AnyArray
from axonal.datasets.readers.source import Source

HEADER = 128
MATRIX, PACKED = 14, 15
TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
NUMERIC = range(6, 16)
"""Classes of arrays that are numbers; 6 is double."""
RATIO = 1032
"""Bytes that deflate can pack into one."""
COMPLEX = 1 << 11


class _Element(NamedTuple):
    kind: int
    content: bytes
    end: int


def matrix(source: Source, name: str, largest: int) -> AnyArray:
    """The matrix of a name.

    Args:
        source: the file.
        name: of the matrix.
        largest: most bytes that it may have.

    Raises:
        EventFileError: it is not there, is no matrix of real numbers, or is damaged.
    """
    order = {b"IM": "<", b"MI": ">"}.get(source.at(HEADER - 2, 2))
    if order is None:
        raise source.error(HEADER - 2, "a MATLAB file whose byte order is not told. Is it damage?")
    at, names = HEADER, []
    while at < source.size:
        head = source.at(at, 8)
        if len(head) < 8:
            raise source.error(at, "the file ends within the head of an array. Copy it again.")
        kind, size = struct.unpack(f"{order}II", head)
        if at + 8 + size > source.size:
            raise source.error(
                at, f"an array of {size} bytes, of which {source.size - at - 8} are there."
            )
        try:
            found = _named(source.at(at + 8, size), kind, order, name, largest)
        except (ValueError, zlib.error, struct.error) as error:
            raise source.error(at, f"a damaged array ({error}).") from None
        if isinstance(found, np.ndarray):
            return found
        names.append(found)
        at += 8 + size + (-size % 8 if kind == MATRIX else 0)
    raise source.error(at, f"no array {name!r}; there are {', '.join(names)[:80] or 'none'}.")


def _named(content: bytes, kind: int, order: str, name: str, largest: int) -> AnyArray | str:
    """The matrix if it has the name, else what its name is."""
    if kind == PACKED:
        limit = min(largest, RATIO * len(content))
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(content, limit + 1)
        if len(content) > limit:
            raise ValueError(f"it unpacks to more than {limit} bytes")
        if not unpacker.eof:
            raise ValueError("it is not whole")
        kind, size = struct.unpack(f"{order}II", content[:8])
        content = content[8:]
        if size != len(content):
            raise ValueError(f"it says {size} bytes and has {len(content)}")
    if kind != MATRIX:
        raise ValueError(f"an element of type {kind}")
    flags = _element(content, 0, order)
    sizes = _element(content, flags.end, order)
    label = _element(content, sizes.end, order)
    found = label.content.decode("ascii", errors="replace")
    if found != name:
        return found
    flag = struct.unpack(f"{order}I", flags.content[:4])[0]
    if flag & 0xFF not in NUMERIC or flag & COMPLEX:
        raise ValueError(f"{name} is no matrix of real numbers")
    numbers = _element(content, label.end, order)
    shape = np.frombuffer(sizes.content, f"{order}i4").tolist()
    if numbers.kind not in TYPES:
        raise ValueError(f"numbers of type {numbers.kind}")
    values = np.frombuffer(numbers.content, f"{order}{TYPES[numbers.kind]}")
    if len(shape) != 2 or min(shape) < 0 or math.prod(shape) != len(values):
        raise ValueError(f"sizes {shape} for {len(values)} numbers")
    # columns come first
    return values.reshape(shape[::-1]).T


def _element(content: bytes, at: int, order: str) -> _Element:
    kind, size = struct.unpack(f"{order}II", content[at : at + 8])
    if kind >> 16:
        size, kind = kind >> 16, kind & 0xFFFF
        if size > 4:
            raise ValueError(f"{size} bytes in a head with room for 4")
        return _Element(kind, content[at + 4 : at + 4 + size], at + 8)
    if at + 8 + size > len(content):
        raise ValueError(f"an element of {size} bytes that is not whole")
    return _Element(kind, content[at + 8 : at + 8 + size], at + 8 + size + -size % 8)
