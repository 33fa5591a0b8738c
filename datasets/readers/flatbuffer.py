"""FlatBuffers, as far as AEDAT 4 needs them.

Layout: flatbuffers.dev, page "FlatBuffers Internals". Numbers are little-endian. A buffer begins
with the place of its root table [u32] and four letters that say what it is. A table begins with the
distance back to its directory [i32]: size of that [u16], size of the table [u16], then for each
field the distance from the table [u16], 0 for a field that is left out.
"""

import struct


class FlatBuffer:
    """The root table of a buffer; every place is held against the bytes that are there.

    Args:
        content: the buffer, or its beginning with the tables in it.
        identifier: its four letters.

    Raises:
        ValueError: it is none, or leads out of the bytes.

    >>> FlatBuffer(b"1234EVTS", b"IOHE")
    Traceback (most recent call last):
    ValueError: a buffer of b'EVTS', expected b'IOHE'
    """

    def __init__(self, content: bytes, identifier: bytes) -> None:
        self.content = content
        if content[4:8] != identifier:
            raise ValueError(f"a buffer of {content[4:8]!r}, expected {identifier!r}")
        self.table = self._number("<I", 0)
        self.directory = self.table - self._number("<i", self.table)

    def _number(self, form: str, place: int) -> int:
        try:
            # a negative place would be counted from the end
            return int(struct.unpack_from(form, self.content, place if place >= 0 else 2**62)[0])
        except struct.error:
            size = len(self.content)
            raise ValueError(f"a place {place} outside its buffer of {size} bytes") from None

    def _place(self, field: int) -> int | None:
        entry = 4 + 2 * field
        if entry + 2 > self._number("<H", self.directory):
            return None
        distance = self._number("<H", self.directory + entry)
        return self.table + distance if distance else None

    def number(self, field: int, form: str, default: int) -> int:
        """A field that is a number of the type that `struct` calls ``form``."""
        place = self._place(field)
        return default if place is None else self._number(form, place)

    def vector(self, field: int) -> tuple[int, int]:
        """Place and number of the elements of a field; none for one that is left out."""
        place = self._place(field)
        if place is None:
            return 0, 0
        begin = place + self._number("<I", place)
        return begin + 4, self._number("<I", begin)

    def text(self, field: int) -> str:
        """A field that is a text."""
        begin, length = self.vector(field)
        if begin + length > len(self.content):
            raise ValueError(f"a text of {length} bytes, longer than its buffer")
        return self.content[begin : begin + length].decode(errors="replace")
