"""Quenched disorder of one sample: archetypes, noisy examples of them, and the first state."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonal._base.array_types import Float32Array, Float64Array, Int8Array
from axonal._base.jit import jit
from axonal.hebbian.montecarlo._random import EXAMPLES, PATTERNS, START, key_of, philox, stream
from axonal.hebbian.montecarlo._representation import GROUP, WORD

BLOCK = 1 << 22
"""Entries that are drawn at a time, so that what is packed never lies unpacked in memory."""


@jit
def _draw_signs(key0, key1, sample, purpose, first, out):  # type: ignore[no-untyped-def]
    count = out.shape[1]
    words = np.empty(4 * ((count + 127) // 128), np.uint32)
    for i in range(out.shape[0]):
        site = np.uint64(first + i)
        philox(key0, key1, np.uint64(0), site, sample, purpose, words)
        for k in range(count):
            bit = (words[k >> 5] >> np.uint32(k & 31)) & np.uint32(1)
            out[i, k] = np.int8(2 * np.int8(bit) - 1)


@jit
def _draw_words(key0, key1, sample, purpose, first, out):  # type: ignore[no-untyped-def]
    for i in range(out.shape[0]):
        site = np.uint64(first + i)
        philox(key0, key1, np.uint64(0), site, sample, purpose, out[i])


@jit
def _draw_products(key0, key1, sample, purpose, first, low, high, base, out):  # type: ignore[no-untyped-def]
    # base * (-1 below low, 0 up to high, +1 above)
    kinds, copies = out.shape[1], out.shape[2]
    words = np.empty(4 * ((kinds * copies + 3) // 4), np.uint32)
    for i in range(out.shape[0]):
        site = np.uint64(first + i)
        philox(key0, key1, np.uint64(0), site, sample, purpose, words)
        for k in range(kinds):
            for a in range(copies):
                word = np.uint64(words[k * copies + a])
                factor = np.int8(-1) if word < low else np.int8(0) if word < high else np.int8(1)
                out[i, k, a] = factor * base[i, k]


def _word(probability: float) -> np.uint64:
    return np.uint64(round(probability * 2**32))


@dataclass(frozen=True)
class Disorder:
    """Stored patterns of one sample; every entry is a function of these numbers alone.

    Attributes:
        N: sites.
        K: archetypes, entries +-1 with probability (1 - dilution) / 2 each.
        dilution: probability of an entry 0.
        quality: r; an example is the archetype with every sign kept with probability (1 + r) / 2.
        examples: M, of every archetype.
        supervised: whether the means of examples of a class are stored, not all examples.
        seed, sample: of the random numbers.
        rho: of class means with normal noise, (archetype + sqrt(rho) g) / sqrt(1 + rho), which are
            stored instead of those of examples.
    """

    N: int
    K: int
    dilution: float
    quality: float
    examples: int
    supervised: bool
    seed: int
    sample: int
    rho: float | None = None

    @property
    def noisy(self) -> bool:
        """Whether examples differ from archetypes."""
        return self.quality < 1

    @property
    def real(self) -> bool:
        """Whether what is stored is no integer."""
        if self.rho is not None:
            return self.rho > 0
        return self.noisy and self.supervised and self.examples > 1

    @property
    def columns(self) -> int:
        """Patterns stored."""
        return self.K * self.examples if self.noisy and not self.real else self.K

    @property
    def variance(self) -> float:
        """R = r^2 + (1 - r^2) / M, the variance of the mean of the examples of +-1."""
        return self.quality**2 + (1 - self.quality**2) / self.examples

    def archetypes(self, first: int, last: int) -> Int8Array:
        """Archetypes at sites first to last, [last - first, K]."""
        key0, key1 = key_of(self.seed)
        sample, purpose = np.uint64(self.sample), np.uint64(PATTERNS << 24)
        if not self.dilution:
            out = np.empty((last - first, self.K), np.int8)
            _draw_signs(key0, key1, sample, purpose, first, out)
            return out
        low, high = _word((1 - self.dilution) / 2), _word((1 + self.dilution) / 2)
        whole = np.empty((last - first, self.K, 1), np.int8)
        ones = np.ones(whole.shape[:2], np.int8)
        _draw_products(key0, key1, sample, purpose, first, low, high, ones, whole)
        return whole[:, :, 0]

    def examples_of(self, first: int, archetypes: Int8Array) -> Int8Array:
        """Examples of these archetypes, [sites, K, M]."""
        out = np.empty((*archetypes.shape, self.examples), np.int8)
        low = _word((1 - self.quality) / 2)
        key0, key1 = key_of(self.seed)
        sample, purpose = np.uint64(self.sample), np.uint64(EXAMPLES << 24)
        _draw_products(key0, key1, sample, purpose, first, low, low, archetypes, out)
        return out

    def means_of(self, first: int, archetypes: Int8Array) -> Float32Array:
        """Class means of these archetypes in the limit of many examples, [sites, K]."""
        assert self.rho is not None
        words = np.empty((len(archetypes), 4 * -(-2 * self.K // 4)), np.uint32)
        key0, key1 = key_of(self.seed)
        sample, purpose = np.uint64(self.sample), np.uint64(EXAMPLES << 24)
        _draw_words(key0, key1, sample, purpose, first, words)
        u, v = (
            (words[:, part] + 0.5) / 2**32 for part in (slice(self.K), slice(self.K, 2 * self.K))
        )
        # G. E. P. Box and M. E. Muller, Ann. Math. Stat. 29, 610 (1958); blank entries stay blank.
        g = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v) * (archetypes != 0)
        means = (archetypes + np.sqrt(self.rho) * g) / np.sqrt(1 + self.rho)
        return np.asarray(means, dtype=np.float32)

    def blocks(self) -> Iterator[tuple[slice, Int8Array, Int8Array]]:
        """Sites, archetypes [n, K] and examples [n, K, M] there (M = 1 without noise)."""
        copies = self.examples if self.noisy else 1
        size = max(1, BLOCK // (self.K * copies))
        for first in range(0, self.N, size):
            last = min(self.N, first + size)
            archetypes = self.archetypes(first, last)
            examples = self.examples_of(first, archetypes) if self.noisy else archetypes[:, :, None]
            yield slice(first, last), archetypes, examples

    def stored(self, targets: int, *, packed: bool) -> tuple[NDArray, Int8Array]:  # type: ignore[type-arg]
        """Stored rows of the network, and the first archetypes.

        Args:
            targets: how many archetypes.
            packed: ask for bits.

        Returns:
            [N, columns] int8, or float32 of unit variance if `real`, or [N, W] uint64 of bits; and
            [targets, N] int8.
        """
        kept: NDArray  # type: ignore[type-arg]
        if packed:
            words = GROUP * -(-self.columns // (GROUP * WORD))
            kept = np.zeros((self.N, words), np.uint64)
        else:
            kept = np.empty((self.N, self.columns), np.float32 if self.real else np.int8)
        first = np.empty((targets, self.N), np.int8)
        for sites, archetypes, examples in self.blocks():
            first[:, sites] = archetypes[:, :targets].T
            if self.real and self.rho is not None:
                kept[sites] = self.means_of(sites.start, archetypes)
                continue
            if self.real:
                divisor = np.float32(self.examples * np.sqrt(self.variance))
                kept[sites] = examples.sum(2, dtype=np.int32).astype(np.float32) / divisor
                continue
            flat = examples.reshape(len(archetypes), self.columns)
            kept[sites] = pack(flat, kept.shape[1]) if packed else flat
        return kept, first

    def first_stored(self) -> Float64Array:
        """First stored row [N]: the first class mean, or example, up to its scale."""
        found = np.empty(self.N)
        for sites, archetypes, examples in self.blocks():
            if self.real and self.rho is not None:
                found[sites] = self.means_of(sites.start, archetypes)[:, 0]
            else:
                first = examples[:, 0]
                found[sites] = first.sum(1) if self.real else first[:, 0]
        return found

    def state(self, target: Int8Array, overlap: float, replica: int) -> Int8Array:
        """A first state: every spin is its target's with probability (1 + overlap) / 2.

        Where the target is 0 the spin is +1 or -1 with equal probability.
        """
        words = stream(self.seed, START, self.sample, replica, 0, self.N)
        half = np.where(words < 1 << 31, np.int8(1), np.int8(-1))
        keep = np.where(words < int(_word((1 + overlap) / 2)), np.int8(1), np.int8(-1))
        return np.where(target == 0, half, target * keep).astype(np.int8)


def pack(rows: Int8Array, words: int) -> NDArray[np.uint64]:
    """Bits of rows of +-1 in words of 64, filled up with zeros.

    >>> pack(np.array([[1, -1, 1]], np.int8), 2)
    array([[5, 0]], dtype=uint64)
    """
    bits = np.packbits(rows > 0, axis=1, bitorder="little")
    whole = np.zeros((len(rows), 8 * words), np.uint8)
    whole[:, : bits.shape[1]] = bits
    return whole.view("<u8").astype(np.uint64, copy=False)
