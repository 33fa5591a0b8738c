"""The error of everything that reads files of events."""

from os import PathLike
from typing import Any


class EventFileError(ValueError):
    """A file of events that is damaged, foreign or not whole.

    Attributes:
        path: of the file.
        offset: byte at which it was noticed.
        reason: what was found there, and what helps.

    >>> raise EventFileError("a.raw", 12, "a word of type 9, which is reserved")
    Traceback (most recent call last):
    axonal.datasets.readers.event_file_error.EventFileError: a.raw, byte 12: a word of type 9,
    which is reserved
    """

    def __init__(self, path: str | PathLike[str], offset: int, reason: str) -> None:
        super().__init__(path, offset, reason)
        self.path, self.offset, self.reason = path, offset, reason

    def __str__(self) -> str:
        return f"{self.path}, byte {self.offset}: {self.reason}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.offset, self.reason)
