"""Bytes of a packet of AEDAT 4, unpacked no faster than they are wanted."""

import functools
from typing import Any

from axonal._base.extras import extra

NONE, LZ4, LZ4_HIGH, ZSTD, ZSTD_HIGH = range(5)
WIDEST_WINDOW = 1 << 23
"""Bytes that Zstandard may look back, as all its levels up to 19 do at most."""


@functools.cache
def _module(name: str) -> Any:
    return extra(name, "data", "packed files of AEDAT 4")


class Unpacked:
    """A packet as a stream, so that a small one cannot become a large one unseen.

    Args:
        content: the packet.
        packing: 0 for none, 1 or 2 for frames of LZ4, 3 or 4 for frames of Zstandard.

    Raises:
        ImportError: the package that unpacks it is not installed.

    >>> Unpacked(b"abc", NONE).read(2)
    b'ab'
    """

    def __init__(self, content: bytes, packing: int) -> None:
        self.content, self.packing, self.place = content, packing, 0
        if packing in (LZ4, LZ4_HIGH):
            self.errors: tuple[type[Exception], ...] = (RuntimeError, EOFError)
            self.lz4 = _module("lz4.frame").LZ4FrameDecompressor()
        elif packing in (ZSTD, ZSTD_HIGH):
            zstandard = _module("zstandard")
            self.errors = (zstandard.ZstdError,)
            unpacker = zstandard.ZstdDecompressor(max_window_size=WIDEST_WINDOW)
            self.zstd = unpacker.stream_reader(content)

    def read(self, count: int) -> bytes:
        """The next bytes, up to ``count`` of them, and fewer at the end of the packet only.

        Raises:
            ValueError: the packet is damaged.
        """
        if self.packing == NONE:
            found = self.content[self.place : self.place + count]
        else:
            try:
                found = self._lz4(count) if self.packing <= LZ4_HIGH else self._zstd(count)
            except self.errors as error:
                why = " ".join(str(error).split())[:100]
                raise ValueError(f"a packet that does not unpack ({why})") from None
        self.place += len(found)
        return found

    def _lz4(self, count: int) -> bytes:
        parts: list[bytes] = []
        given = self.content if not self.place else b""
        while count and not self.lz4.eof:
            part = self.lz4.decompress(given, max_length=count)
            given = b""
            if not part and self.lz4.needs_input:
                break
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _zstd(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count and (part := self.zstd.read(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
