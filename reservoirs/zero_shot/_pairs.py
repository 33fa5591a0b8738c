"""Pairs of samples of one class out of two modalities."""

import numpy as np

from axonal._base.array_types import Int64Array

PAIRINGS = ("random", "index")


def pairs(
    first: Int64Array, second: Int64Array, pairing: str, rng: np.random.Generator
) -> tuple[Int64Array, Int64Array]:
    """Indices of partners [P] in both modalities, class by class.

    Args:
        first: class of each sample of the first modality.
        second: class of each sample of the second, the same classes.
        pairing: "index" pairs sample i of a class with sample i, as many as the smaller modality
            has, the same every time; "random" takes every sample of the larger one and draws its
            partners anew, each sample of the smaller one about equally often.
        rng: of the draws.

    >>> pairs(np.array([0, 1, 0]), np.array([1, 0, 0]), "index", np.random.default_rng(0))
    (array([0, 2, 1]), array([1, 2, 0]))
    """
    left, right = [], []
    for label in np.unique(first):
        a, b = np.flatnonzero(first == label), np.flatnonzero(second == label)
        few, many = min(len(a), len(b)), max(len(a), len(b))
        if pairing == "index":
            a, b = a[:few], b[:few]
        else:
            a, b = (_filled(side, many, rng) for side in (a, b))
        left.append(a)
        right.append(b)
    return np.concatenate(left), np.concatenate(right)


def _filled(samples: Int64Array, number: int, rng: np.random.Generator) -> Int64Array:
    """Samples in random order, over and over until there are ``number``."""
    rounds = -(-number // len(samples))
    found: Int64Array = np.concatenate([rng.permutation(samples) for _ in range(rounds)])
    return found[:number]
