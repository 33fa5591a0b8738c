"""A made-up folder like that of N-MNIST, whose digits are told apart by where their events lie."""

from pathlib import Path

import numpy as np

from axonal._base.array_types import Int64Array

RECORDINGS = {"Train": 130, "Test": 20}


def write_recordings(folder: Path) -> Path:
    """Write ten digits in turn: 40 events in 300 ms around a place of each digit."""
    rng = np.random.default_rng(0)
    for split, count in RECORDINGS.items():
        for index in range(count):
            digit = index % 10
            path = folder / "NMNIST" / split / str(digit) / f"{index + 1:05d}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            centre = np.array([[5 + 6 * (digit % 5)], [10 + 12 * (digit // 5)]])
            x, y = centre + rng.integers(-2, 3, (2, 40))
            t = np.sort(rng.integers(0, 300_000, 40))
            path.write_bytes(packed(x, y, rng.integers(0, 2, 40), t))
    return folder


def packed(x: Int64Array, y: Int64Array, p: Int64Array, t: Int64Array) -> bytes:
    """Events in 40 bits: column, row, polarity and 23 bits of microseconds, high bits first."""
    low = [p << 7 | t >> 16, t >> 8 & 255, t & 255]
    return np.stack([x, y, *low], axis=1).astype(np.uint8).tobytes()
