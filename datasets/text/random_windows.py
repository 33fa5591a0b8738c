"""Windows of a text at random places, to train on."""

from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import AnyArray, Int64Array
from axonal._base.checks import whole_number


@dataclass(frozen=True)
class RandomWindows:
    """Batches of windows at random places; every batch is a function of its number.

    A run that goes on in the middle of an epoch therefore sees what it would have seen.

    Args:
        tokens: of a text [tokens].
        length: T, tokens that a model reads in a window; it tells the one behind each.
        batch: B, windows in a batch.
        seed: of the places.

    Raises:
        ValueError: for a text that is no longer than a window.

    >>> windows = RandomWindows(np.arange(10), length=3, batch=2)
    >>> x, y = windows[0]
    >>> x.shape, (y == x + 1).all()
    ((3, 2), np.True_)
    """

    tokens: AnyArray
    length: int
    batch: int
    seed: int = 0

    def __post_init__(self) -> None:
        whole_number("RandomWindows", "length", self.length)
        whole_number("RandomWindows", "batch", self.batch)
        whole_number("RandomWindows", "seed", self.seed, 0)
        longer_than_a_window(self.tokens, self.length)

    def __getitem__(self, number: int) -> tuple[Int64Array, Int64Array]:
        """Return inputs and targets of a batch, each [T, B]."""
        places = np.random.default_rng(
            (self.seed, whole_number("RandomWindows", "batch", number, 0))
        )
        first = places.integers(len(self.tokens) - self.length, size=self.batch)
        steps = first + np.arange(self.length + 1)[:, None]
        window = self.tokens[steps].astype(np.int64)
        return window[:-1], window[1:]


def longer_than_a_window(tokens: AnyArray, length: int) -> None:
    """Refuse a text that has no window of ``length`` tokens and one more.

    Raises:
        ValueError: if it is not longer.
    """
    if len(tokens) <= length:
        raise ValueError(
            f"a window of {length} tokens needs a text of {length + 1}, this one has "
            f"{len(tokens)}: take a shorter window (--window), or a longer text."
        )
