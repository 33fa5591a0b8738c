"""The key of a random draw: which sample, in which epoch, of which run."""

from dataclasses import dataclass

import numpy as np

from axonal._base.checks import seed, whole_number

MOST = 2**32 - 1
"""Largest epoch, index and place: longer numbers would take two words and could meet others."""


@dataclass(frozen=True)
class Key:
    """Seed, epoch and index of a sample: all that a random transform depends on.

    The draws are those of numpy's Philox, keyed by ``SeedSequence(seed, (epoch, index, ...))``.
    The same key gives the same draws in any process and in any order of the samples. numpy keeps
    Philox itself for ever, and changes the methods of a Generator rarely and by a new version only.

    Args:
        seed: of the run, 0 to 2^64 - 1.
        epoch: pass over the data, 0 to 2^32 - 1.
        index: of the sample in its set, 0 to 2^32 - 1.
        path: places inside compositions, which `Compose` adds so that no two of its transforms draw
            the same numbers.

    Raises:
        TypeError: no whole number.
        ValueError: a number out of range.

    Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011.

    >>> from axonal.datasets.transforms import Key
    >>> one, same, other = Key(7, 0, 3), Key(7, 0, 3), Key(7, 1, 3)
    >>> draws = [key.generator().integers(1000) for key in (one, same, other)]
    >>> bool(draws[0] == draws[1]), bool(draws[0] == draws[2])
    (True, False)
    """

    seed: int
    epoch: int = 0
    index: int = 0
    path: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", seed("Key", self.seed))
        for name in ("epoch", "index"):
            found = whole_number("Key", name, getattr(self, name), 0, MOST)
            object.__setattr__(self, name, found)
        places = tuple(whole_number("Key", "path", place, 0, MOST) for place in self.path)
        object.__setattr__(self, "path", places)

    def within(self, place: int) -> "Key":
        """The key of one part of a composition."""
        return Key(self.seed, self.epoch, self.index, (*self.path, place))

    def generator(self) -> np.random.Generator:
        """A new source of the draws that belong to this key."""
        words = np.random.SeedSequence(self.seed, spawn_key=(self.epoch, self.index, *self.path))
        return np.random.Generator(np.random.Philox(words))
