"""Arrays appended to a file, each under its checksum, and the header behind them."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from axonal.datasets.store.header import ALIGNMENT, PREFIX, Header, Section, prefix

Blocks = Iterable[Any]
"""Pieces of an array, as whatever `hashlib` and files take for bytes."""


def append(file: Any, blocks: Blocks, *, written: bool = False) -> tuple[int, int, str]:
    """Append the blocks of an array behind what lies in a file.

    Args:
        file: open for writing, unbuffered, at its end.
        blocks: of the array.
        written: the blocks lie there already, and are only looked at.

    Returns:
        place of its first byte, number of bytes, SHA-256.
    """
    offset = PREFIX.size if written else pad(file)
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        view = memoryview(block).cast("B")
        digest.update(view)
        size += len(view)
        if not written:
            write_all(file, view)
    return offset, size, digest.hexdigest()


def pad(file: Any) -> int:
    """Fill a file up with zeros to where an array may begin."""
    write_all(file, bytes(-file.tell() % ALIGNMENT))
    return int(file.tell())


def close(file: Any, about: Mapping[str, Any], arrays: Mapping[str, Section]) -> None:
    """Append the header, and put the prefix in its place, which makes the file one of events."""
    text, place = Header(arrays=arrays, **about).text(), pad(file)
    write_all(file, text)
    file.seek(0)
    write_all(file, prefix(place, text))


def write_all(file: Any, data: Any) -> None:
    """Write to an unbuffered file, which may take a part at a time."""
    view = memoryview(data).cast("B")
    while len(view):
        view = view[file.write(view) :]
