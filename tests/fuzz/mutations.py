"""What happens to bytes: flips, numbers at the ends of their ranges, cuts, holes, copies."""

import random

ENDS = (0, 1, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)


def mutate(content: bytes, r: random.Random) -> bytes:
    """One to eight changes, of which most files survive none."""
    found = bytearray(content)
    for _ in range(r.choice((1, 1, 1, 2, 4, 8))):
        if not found:
            break
        r.choice(CHANGES)(found, r)
    return bytes(found)


def flip(found: bytearray, r: random.Random) -> None:
    found[r.randrange(len(found))] ^= 1 << r.randrange(8)


def replace(found: bytearray, r: random.Random) -> None:
    found[r.randrange(len(found))] = r.randrange(256)


def number(found: bytearray, r: random.Random) -> None:
    width, place = r.choice((1, 2, 4, 8)), r.randrange(len(found))
    value = (r.choice(ENDS) + r.choice((0, 0, -1, 1))) % 2 ** (8 * width)
    found[place : place + width] = value.to_bytes(width, r.choice(("little", "big")))


def cut(found: bytearray, r: random.Random) -> None:
    del found[r.randrange(len(found)) :]


def hole(found: bytearray, r: random.Random) -> None:
    place = r.randrange(len(found))
    del found[place : place + r.randrange(1, 64)]


def insert(found: bytearray, r: random.Random) -> None:
    place = r.randrange(len(found))
    found[place:place] = r.randbytes(r.randrange(1, 64))


def copy(found: bytearray, r: random.Random) -> None:
    """Put a piece of the file over another."""
    size = r.randrange(1, 64)
    here, there = r.randrange(len(found)), r.randrange(len(found))
    piece = found[here : here + size]
    found[there : there + len(piece)] = piece


def zeros(found: bytearray, r: random.Random) -> None:
    place, size = r.randrange(len(found)), r.randrange(1, 512)
    size = min(size, len(found) - place)
    found[place : place + size] = bytes(size)


CHANGES = (
    flip,
    flip,
    flip,
    replace,
    replace,
    number,
    number,
    number,
    cut,
    hole,
    insert,
    copy,
    zeros,
)
