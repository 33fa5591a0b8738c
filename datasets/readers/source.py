"""An open file of events."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from axonal._base.files import check_source
from axonal.datasets.readers.event_file_error import EventFileError

HEAD = 4096
"""Bytes by which a format is told."""
AHEAD = 1 << 16
"""Bytes that are read at least, since a call costs more than they do."""


class Source:
    """An open file that is read by places, a piece at a time.

    Attributes:
        path: of the file.
        size: bytes that it has.
        head: its first `HEAD` bytes.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self.path, self.handle = path, handle
        self.size = os.fstat(handle).st_size
        self.ahead_at, self.ahead = 0, b""
        self.head = self.at(0, HEAD)

    @classmethod
    @contextmanager
    def open(cls, path: str | PathLike[str]) -> Iterator["Source"]:
        """The file for the time of a block.

        Raises:
            FileNotFoundError: there is no such file.
            OSError: it is no regular file, or cannot be read.
        """
        check_source(path)
        handle = os.open(path, os.O_RDONLY)
        try:
            yield cls(Path(path), handle)
        finally:
            os.close(handle)

    def at(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes from a place on; fewer at the end of the file only."""
        count = max(0, min(count, self.size - offset))
        if count >= AHEAD:
            return self._read(offset, count)
        begin = offset - self.ahead_at
        if begin < 0 or begin + count > len(self.ahead):
            self.ahead_at, begin = offset, 0
            self.ahead = self._read(offset, min(AHEAD, self.size - offset)) if count else b""
        return self.ahead[begin : begin + count]

    def _read(self, offset: int, count: int) -> bytes:
        parts = []
        while count and (part := os.pread(self.handle, count, offset)):
            parts.append(part)
            offset, count = offset + len(part), count - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def error(self, offset: int, reason: str) -> EventFileError:
        """The error to raise for what was found at a place."""
        return EventFileError(self.path, offset, reason)
