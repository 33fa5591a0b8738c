"""Files of events laid out by hand, from what is published of their formats.

An event is (t, x, y, p). Nothing here is of the package: what reads these bytes must agree with the
documents, not with a writer of ours.
"""

import struct
from collections.abc import Sequence

Event = tuple[int, int, int, int]


def evt_header(version: str, width: int, height: int) -> bytes:
    return f"% evt {version}\n% geometry {width}x{height}\n% end\n".encode()


def evt3(events: Sequence[Event], width: int = 64, height: int = 48) -> bytes:
    """A word of each kind before every event, whether something has changed or not."""
    words = []
    for t, x, y, p in events:
        words += [0x8000 | t >> 12 & 0xFFF, 0x6000 | t & 0xFFF, y, 0x2000 | p << 11 | x]
    return evt_header("3.0", width, height) + struct.pack(f"<{len(words)}H", *words)


def evt2(events: Sequence[Event], width: int = 64, height: int = 48) -> bytes:
    words = []
    for t, x, y, p in events:
        words += [8 << 28 | t >> 6 & 0xFFFFFFF, p << 28 | (t & 63) << 22 | x << 11 | y]
    return evt_header("2.0", width, height) + struct.pack(f"<{len(words)}I", *words)


def evt21_words(events: Sequence[Event]) -> list[tuple[int, int]]:
    """Upper and lower halves; an event alone in its group of 32."""
    halves = []
    for t, x, y, p in events:
        first = x // 32 * 32
        halves += [(8 << 28 | t >> 6 & 0xFFFFFFF, 0)]
        halves += [(p << 28 | (t & 63) << 22 | first << 11 | y, 1 << x - first)]
    return halves


def evt21(events: Sequence[Event], width: int = 64, height: int = 48, upper: bool = False) -> bytes:
    """``upper``: the upper half of a word comes first, as from an IMX636."""
    pairs = [pair if upper else pair[::-1] for pair in evt21_words(events)]
    content = b"".join(struct.pack("<II", *pair) for pair in pairs)
    return evt_header("2.1", width, height) + content


def dat(events: Sequence[Event], width: int = 64, height: int = 48, kind: int = 12) -> bytes:
    head = f"% Data file containing CD events\n% Version 2\n% Width {width}\n% Height {height}\n"
    words = [struct.pack("<II", t & 0xFFFFFFFF, p << 28 | y << 14 | x) for t, x, y, p in events]
    return head.encode() + bytes([kind, 8]) + b"".join(words)


def bits40(events: Sequence[Event]) -> bytes:
    return b"".join(
        bytes([x, y]) + (p << 23 | t & 0x7FFFFF).to_bytes(3, "big") for t, x, y, p in events
    )


def aedat2(events: Sequence[Event], chip: str = "Davis346red", height: int = 260) -> bytes:
    """Rows are counted from below in the file, columns from the right.

    Bit 0 of a DVS128 is clear where it becomes brighter. ``chip`` may be empty, for a header that
    names none.
    """
    line = f"# AEChip: eu.seebetter.ini.chips.davis.{chip}\r\n" if chip else ""
    head = (
        f"#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n{line}"
        "#End Of ASCII Header\r\n"
    )
    old = height == 128
    width = {128: 128, 180: 240, 260: 346}[height]
    words = []
    for t, x, y, p in events:
        row, column = height - 1 - y, width - 1 - x
        place = row << 8 | column << 1 | 1 - p if old else row << 22 | column << 12 | p << 11
        words.append(struct.pack(">II", place, t & 0xFFFFFFFF))
    return head.encode() + b"".join(words)


def aedat3_packet(
    events: Sequence[Event], *, kind: int = 1, camera: int = 0, valid: Sequence[int] | None = None
) -> bytes:
    """A packet, whose events share the upper bits of their times."""
    turns = {t >> 31 for t, *_ in events}
    assert len(turns) <= 1
    marks = [1] * len(events) if valid is None else valid
    number = len(events)
    head = struct.pack("<hhiiiiii", kind, camera, 8, 4, *(turns or {0}), number, number, sum(marks))
    return head + b"".join(
        struct.pack("<Ii", x << 17 | y << 2 | p << 1 | mark, t & 0x7FFFFFFF)
        for (t, x, y, p), mark in zip(events, marks, strict=True)
    )


def aedat3(*packets: bytes, device: str = "DVS128", form: str = "RAW") -> bytes:
    head = (
        f"#!AER-DAT3.1\r\n#Format: {form}\r\n#Source 0: {device}\r\n"
        "#Start-Time: 2016-01-01 00:00:00 (TZ+0000)\r\n#!END-HEADER\r\n"
    )
    return head.encode() + b"".join(packets)


def table(identifier: bytes, fields: Sequence[bytes | None], tail: bytes = b"") -> bytes:
    """A FlatBuffer, size first: directory, table, and what lies behind it.

    A field of 4 bytes that begins with ``@`` is the distance to what lies that far into the tail.
    """
    directory = 4 + 2 * len(fields)
    body, entries, moved = b"\0\0\0\0", [], []
    for field in fields:
        if field is None:
            entries.append(0)
            continue
        body += bytes(-len(body) % len(field))
        entries.append(len(body))
        moved.append((len(body), field))
        body += bytes(len(field))
    begin = -(-(8 + directory) // 8) * 8
    body += bytes(-len(body) % 8)
    content = bytearray(body)
    for place, field in moved:
        if field[:1] == b"@":
            distance = len(body) - place + int.from_bytes(field[1:], "little")
            field = struct.pack("<I", distance)
        content[place : place + len(field)] = field
    content[:4] = struct.pack("<i", directory)
    vtable = struct.pack(f"<HH{len(entries)}H", directory, len(body), *entries)
    found = struct.pack("<I", begin) + identifier
    found += bytes(begin - directory - len(found)) + vtable + bytes(content) + tail
    return struct.pack("<I", len(found)) + found


def aedat4_tree(width: int, height: int, stream: int = 0) -> str:
    return (
        f'<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/"><node '
        f'name="{stream}" path="/mainloop/Recorder/outInfo/{stream}/"><attr key="typeIdentifier" '
        f'type="string">EVTS</attr><node name="info" path="/info/"><attr key="sizeX" type="int">'
        f'{width}</attr><attr key="sizeY" type="int">{height}</attr></node></node></node></dv>'
    )


def aedat4_header(tree: str, packing: int = 0, data_table: int = -1) -> bytes:
    text = struct.pack("<I", len(tree)) + tree.encode() + b"\0"
    fields = [struct.pack("<i", packing), struct.pack("<q", data_table), b"@\0\0\0"]
    return b"#!AER-DAT4.0\r\n" + table(b"IOHE", fields, text)


def aedat4_packet(events: Sequence[Event]) -> bytes:
    """Events in a FlatBuffer, not packed and without the head of a packet."""
    elements = b"".join(struct.pack("<qhhBxxx", t, x, y, p) for t, x, y, p in events)
    # elements begin at a multiple of 8
    return table(b"EVTS", [b"@\4\0\0"], bytes(4) + struct.pack("<I", len(events)) + elements)


def aedat4(*packets: bytes, width: int = 64, height: int = 48, packing: int = 0) -> bytes:
    """Packets of stream 0, packed already if they are to be."""
    head = aedat4_header(aedat4_tree(width, height), packing)
    return head + b"".join(struct.pack("<ii", 0, len(one)) + one for one in packets)


def es_head(kind: int, width: int = 64, height: int = 48) -> bytes:
    return b"Event Stream" + bytes([2, 0, 0, kind]) + struct.pack("<HH", width, height)


def es_dvs(events: Sequence[Event], width: int = 64, height: int = 48) -> bytes:
    found, before = es_head(1, width, height), 0
    for t, x, y, p in events:
        more, rest = divmod(t - before, 127)
        found += b"\xff" * more + struct.pack("<BHH", rest << 1 | p, x, y)
        before = t
    return found


def es_atis(events: Sequence[tuple[int, int, int, int, int]]) -> bytes:
    """Events with whether they cross a threshold; up to three times 63 microseconds a byte."""
    found, before = es_head(2), 0
    for t, x, y, p, crossing in events:
        more, rest = divmod(t - before, 63)
        found += b"\xff" * (more // 3) + (bytes([0xFC | more % 3]) if more % 3 else b"")
        found += struct.pack("<BHH", rest << 2 | p << 1 | crossing, x, y)
        before = t
    return found


def es_colour(events: Sequence[tuple[int, int, int, int, int, int]]) -> bytes:
    found, before = es_head(4), 0
    for t, x, y, r, g, b in events:
        more, rest = divmod(t - before, 254)
        found += b"\xff" * more + struct.pack("<BHHBBB", rest, x, y, r, g, b)
        before = t
    return found


def es_generic(events: Sequence[tuple[int, bytes]]) -> bytes:
    found, before = b"Event Stream" + bytes([2, 0, 0, 0]), 0
    for t, data in events:
        more, rest = divmod(t - before, 254)
        found += b"\xff" * more + bytes([rest])
        size = len(data)
        while True:
            found += bytes([(size & 0x7F) << 1 | (size > 0x7F)])
            size >>= 7
            if not size:
                break
        found += data
        before = t
    return found
