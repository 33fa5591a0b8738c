"""HDF5 files that are written whole, on a full disk too."""

import contextlib
import io
import os
from collections.abc import Iterator
from os import PathLike
from typing import Any

from axonal._base.files import whole_file
from axonal._base.interrupts import interrupts_wait


@contextlib.contextmanager
def new_file(path: str | PathLike[str], **options: Any) -> Iterator[Any]:
    """An open `h5py.File` to fill in the block, written as `axonal._base.files.whole_file` does.

    What interrupts the block does so at its end, and then leaves the old file.

    Args:
        path: of the file.
        options: of `h5py.File`.

    Raises:
        OSError: one line that names the file and the cause.
    """
    import h5py

    with whole_file(path) as part, part.open("xb+", buffering=0) as raw:
        sink = _Sink(raw.fileno())
        try:
            # HDF5 calls the sink, and loses what is raised there together with the bytes
            with interrupts_wait(), h5py.File(sink, "w", **options) as file:
                yield file
        except Exception as error:
            raise (sink.error or error) from None
        if sink.error:
            raise sink.error


class _Sink(io.RawIOBase):
    """A file that keeps its first error to itself, and forgets what is written after it.

    HDF5 cannot close a file whose last bytes it cannot write: it complains again when Python ends,
    or crashes.
    """

    def __init__(self, handle: int) -> None:
        self.handle, self.at, self.end = handle, 0, 0
        self.error: OSError | None = None

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.end)[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def write(self, data: Any) -> int:
        view, done = memoryview(data).cast("B"), 0
        try:
            while done < len(view) and self.error is None:
                done += os.pwrite(self.handle, view[done:], self.at + done)
        except OSError as error:
            self.error = error
        self.at += len(view)
        self.end = max(self.end, self.at)
        return len(view)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        found = os.pread(self.handle, len(view), self.at)
        view[:] = found.ljust(len(view), b"\0")
        self.at += len(view)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self.end = self.at if size is None else size
        try:
            if self.error is None:
                os.ftruncate(self.handle, self.end)
        except OSError as error:
            self.error = error
        return self.end

    def flush(self) -> None:
        """Nothing is held back here; `whole_file` brings it to the disk."""
