"""Counter-based random numbers: what is drawn depends on where it is used, never on who draws it.

A number is a function of a key (the seed) and a counter (purpose, sample, replica, sweep or site,
place), so that runs are the same for every number of threads and every order of the samples.
"""

import numpy as np

from axonal._base.array_types import UInt32Array
from axonal._base.jit import jit

DYNAMICS, SITES, START, PATTERNS, EXAMPLES = range(5)
"""Purposes: numbers drawn for one are independent of those drawn for another."""

REPLICAS = 1 << 24
"""Replicas that a stream can be told apart for."""

_ROUNDS = 10
_FIRST, _SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_FIRST, _WEYL_SECOND = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)


@jit
def philox(key0, key1, c0, c1, c2, c3, words):  # type: ignore[no-untyped-def]
    """Fill words with Philox4x32-10 of the counters (c0 + j, c1, c2, c3), j = 0, 1, ...

    Word j of the block with counter c0 + i lies at ``words[j * (size // 4) + i]``.
    J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as
    1, 2, 3", SC11.

    Args:
        key0: lower half of the key, 32 bits in an uint64, as all that follow.
        key1: upper half of the key.
        c0: first word of the first counter.
        c1: second word of the counter.
        c2: third word of the counter.
        c3: fourth word of the counter.
        words: [4 n] uint32, overwritten.
    """
    blocks = words.shape[0] // 4
    for j in range(blocks):
        a, b, c, d = (c0 + np.uint64(j)) & _LOW, c1, c2, c3
        k, m = key0, key1
        for _ in range(_ROUNDS):
            x, y = _FIRST * a, _SECOND * c
            a, b = (y >> _SHIFT) ^ b ^ k, y & _LOW
            c, d = (x >> _SHIFT) ^ d ^ m, x & _LOW
            k = (k + _WEYL_FIRST) & _LOW
            m = (m + _WEYL_SECOND) & _LOW
        words[j] = np.uint32(a)
        words[blocks + j] = np.uint32(b)
        words[2 * blocks + j] = np.uint32(c)
        words[3 * blocks + j] = np.uint32(d)


_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1), np.float32(2)
_SQRT_HALF_BITS, _MANTISSA = np.int32(0x3F3504F3), np.int32(23)
_LN2 = np.float32(np.log(2))
# 2 artanh(s) = s (2 + 2/3 s^2 + 2/5 s^4 + ...), cut where |s| <= 0.172 leaves 3e-9.
_A1, _A2, _A3, _A4 = np.float32(2 / 3), np.float32(2 / 5), np.float32(2 / 7), np.float32(2 / 9)


@jit
def log_ratio(words, against_one, scale, out):  # type: ignore[no-untyped-def]
    """Write ``scale * ln(u / (1 - u))``, or ``scale * ln(u)``, with u = (word + 1/2) / 2^32.

    Written out, because a call of the system's logarithm for each number costs more than the field
    of a spin; the error is below 1e-6.

    Args:
        words: [n] uint32.
        against_one: whether the logarithm is that of u alone.
        scale: float32.
        out: [n] float32, overwritten.
    """
    bits = out.view(np.int32)
    exponent = np.empty(words.shape[0], np.int32)
    for j in range(words.shape[0]):
        below = np.float32(4294967296.0) if against_one else np.float32(~words[j]) + _HALF
        out[j] = (np.float32(words[j]) + _HALF) / below
    for j in range(words.shape[0]):
        exponent[j] = (bits[j] - _SQRT_HALF_BITS) >> _MANTISSA
        bits[j] -= exponent[j] << _MANTISSA
    for j in range(words.shape[0]):
        s = (out[j] - _ONE) / (out[j] + _ONE)
        z = s * s
        series = s * (_TWO + z * (_A1 + z * (_A2 + z * (_A3 + z * _A4))))
        out[j] = scale * (np.float32(exponent[j]) * _LN2 + series)


def key_of(seed: int) -> tuple[np.uint64, np.uint64]:
    """The two halves of a seed of 64 bits."""
    return np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)


def stream(
    seed: int, purpose: int, sample: int, replica: int, step: int, count: int, first: int = 0
) -> UInt32Array:
    """UInt32Array of one stream.

    Args:
        seed: 0 to 2^64 - 1.
        purpose: one of the constants of this module.
        sample: of the disorder, 0 to 2^32 - 1.
        replica: 0 to `REPLICAS` - 1.
        step: sweep or site, 0 to 2^32 - 1.
        count: how many words.
        first: the first block of four words.

    Returns:
        [count] uint32.

    >>> a = stream(1, DYNAMICS, 0, 0, 0, 6)
    >>> b = stream(1, DYNAMICS, 0, 1, 0, 6)
    >>> bool((a == b).any())
    False
    """
    words = np.empty(4 * -(-count // 4), np.uint32)
    lane = np.uint64(purpose * REPLICAS + replica)
    philox(*key_of(seed), np.uint64(first), np.uint64(step), np.uint64(sample), lane, words)
    return words[:count]
