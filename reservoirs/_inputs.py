"""Checks of arrays and seeds, in one line for the person who reads it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from axonal._base import checks
from axonal._base.array_types import Float64Array


def real_array(who: str, name: str, value: ArrayLike, axes: str, ndim: int | None) -> Float64Array:
    """Return finite real numbers as float64, at least one of them.

    Args:
        who: function or class whose argument it is.
        name: of the argument.
        value: the argument.
        axes: in words, such as "[M, N]".
        ndim: number of axes, None for one or more.

    Raises:
        TypeError: if they are no real numbers.
        ValueError: if there is none, one is not finite, or there are other axes.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{who} expects real numbers for {name} {axes}, got {array.dtype}.")
    if array.ndim == 0 if ndim is None else array.ndim != ndim:
        raise ValueError(f"{who} expects {name} {axes}, got shape {array.shape}.")
    if array.size == 0:
        raise ValueError(f"{who} expects {name} {axes} with something in it, got {array.shape}.")
    array = array.astype(np.float64)
    wrong = ~np.isfinite(array)
    if wrong.any():
        raise ValueError(
            f"{who} expects finite {name} {axes}, got {array[wrong].flat[0]} and {wrong.sum()} "
            "such numbers in all."
        )
    return array


def generator(who: str, seed: Any) -> np.random.Generator:
    """Return the generator of a seed, or the generator that is given."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(checks.seed(who, seed))
