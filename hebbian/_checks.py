"""What the models refuse, in one line each."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def not_negative(where: str, name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Array of finite numbers >= 0."""
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{where} expects numbers for {name}, got {value!r}.")
    array = array.astype(np.float64)
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        raise ValueError(f"{where} expects finite {name} >= 0, got {array[wrong].flat[0]:g}.")
    return array


def whole(where: str, name: str, value: object, low: int) -> None:
    """A whole number that is not too small."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < low:
        raise ValueError(f"{where} expects a whole number {name} >= {low}, got {value!r}.")


def seed(where: str, value: object) -> None:
    """A seed of 64 bits, the most that random numbers are drawn from."""
    whole(where, "seed", value, 0)
    if value >= 2**64:  # type: ignore[operator]
        raise ValueError(f"{where} expects a seed below 2^64, got {value}.")


def one_of(where: str, name: str, value: object, known: tuple[str, ...]) -> None:
    """One of a few words."""
    if value not in known:
        raise ValueError(f"{where} does not know {name} {value!r}; known: {', '.join(known)}.")
