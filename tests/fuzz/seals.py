"""Checksums made right again after a change, so that what lies behind them is tried too."""

import struct
from pathlib import Path

import h5py

SIGNATURES = (b"OHDR", b"OCHK", b"FRHP", b"FHDB", b"FHIB", b"BTHD", b"BTIN", b"BTLF", b"FAHD",
              b"FADB", b"EAHD", b"EAIB", b"FSHD", b"FSSE")  # fmt: skip
LONGEST = 600
Region = tuple[int, int, str]


def regions(path: Path) -> list[Region]:
    """Begin, place of the checksum, and its kind, of all that HDF5 checks in a whole file."""
    content = path.read_bytes()
    found: list[Region] = [(0, 44, "lookup3")]
    for signature in SIGNATURES:
        place = content.find(signature)
        while place >= 0:
            for end in range(place + 8, min(place + LONGEST, len(content) - 4)):
                if lookup3(content[place:end]) == int.from_bytes(content[end : end + 4], "little"):
                    found.append((place, end, "lookup3"))
                    break
            place = content.find(signature, place + 1)
    with h5py.File(path) as file:
        file.visititems(lambda _, item: found.extend(_chunks(item)))
    return found


def _chunks(item: h5py.Dataset) -> list[Region]:
    if not getattr(item, "fletcher32", False):
        return []
    infos = [item.id.get_chunk_info(k) for k in range(item.id.get_num_chunks())]
    return [(c.byte_offset, c.byte_offset + c.size - 4, "fletcher32") for c in infos]


def seal(content: bytes, known: list[Region], whole: bytes) -> bytes:
    """Make the checksums of changed regions right, where their places are still in the file."""
    found = bytearray(content)
    for begin, end, kind in known:
        changed = content[begin : end + 4] != whole[begin : end + 4]
        if changed and end + 4 <= len(found):
            piece = bytes(found[begin:end])
            value = lookup3(piece) if kind == "lookup3" else fletcher32(piece)
            found[end : end + 4] = value.to_bytes(4, "little")
    return bytes(found)


def fletcher32(data: bytes) -> int:
    """Fletcher's sums over 16-bit words, as HDF5 forms them."""
    low = high = 0
    padded = data + bytes(len(data) % 2)
    for word in struct.unpack(f">{len(padded) // 2}H", padded):
        low = (low + word) % 65535
        high = (high + low) % 65535
    # HDF5 folds by carries and keeps 65535 where a remainder would be 0
    return ((high or 65535) << 16) | (low or 65535)


def _rotated(x: int, k: int) -> int:
    return ((x << k) | (x >> (32 - k))) & 0xFFFFFFFF


def lookup3(data: bytes) -> int:
    """Jenkins' hash of bytes with the start value 0.

    Source: Jenkins, "Hash functions for hash table lookup", 2006, public domain.
    """
    mask = 0xFFFFFFFF
    a = b = c = (0xDEADBEEF + len(data)) & mask
    rest = len(data)
    place = 0
    while rest > 12:
        x, y, z = struct.unpack_from("<III", data, place)
        a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
        for step, k in enumerate((4, 6, 8, 16, 19, 4)):
            if step % 3 == 0:
                a = ((a - c) & mask) ^ _rotated(c, k)
                c = (c + b) & mask
            elif step % 3 == 1:
                b = ((b - a) & mask) ^ _rotated(a, k)
                a = (a + c) & mask
            else:
                c = ((c - b) & mask) ^ _rotated(b, k)
                b = (b + a) & mask
        place, rest = place + 12, rest - 12
    if not rest:
        return c
    x, y, z = struct.unpack("<III", data[place:].ljust(12, b"\0"))
    a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
    c = ((c ^ b) - _rotated(b, 14)) & mask
    a = ((a ^ c) - _rotated(c, 11)) & mask
    b = ((b ^ a) - _rotated(a, 25)) & mask
    c = ((c ^ b) - _rotated(b, 16)) & mask
    a = ((a ^ c) - _rotated(c, 4)) & mask
    b = ((b ^ a) - _rotated(a, 14)) & mask
    return ((c ^ b) - _rotated(b, 24)) & mask
