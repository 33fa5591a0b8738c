"""Checks of arguments: one line that says what was expected and what came."""

import operator
from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array


def whole_number(
    who: str, name: str, value: object, least: int = 1, most: int | None = None
) -> int:
    """Return a whole number within its range as an int.

    Args:
        who: function or class whose argument it is.
        name: of the argument.
        value: int, or anything with ``__index__`` such as ``numpy.int64``; no bool.
        least: smallest value that is taken.
        most: largest value that is taken, None for no limit.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is outside the range.

    >>> whole_number("LIF", "size", np.int64(4))
    4
    >>> whole_number("simulate", "samples", 0)
    Traceback (most recent call last):
    ValueError: simulate expects samples as a whole number >= 1, got 0.
    """
    bounds = f">= {least}" if most is None else f"from {least} to {most}"
    expected = f"{who} expects {name} as a whole number {bounds}, got {value!r}."
    if isinstance(value, bool | np.bool_):
        raise TypeError(expected)
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(expected) from None
    if number < least or (most is not None and number > most):
        raise ValueError(expected)
    return number


def seed(who: str, value: object) -> int:
    """Return a seed of at most 64 bits.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is negative or needs more bits.

    >>> seed("simulate", 7)
    7
    """
    return whole_number(who, "seed", value, 0, 2**64 - 1)


def number(
    who: str,
    name: str,
    value: object,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    open_low: bool = False,
) -> float:
    """Return a finite number within its range as a float.

    Args:
        who: function or class whose argument it is.
        name: of the argument.
        value: anything that ``float`` takes, without text and bool.
        low: smallest value.
        high: largest value.
        open_low: whether low itself is refused.

    Raises:
        TypeError: if it is no number.
        ValueError: if it is not finite or outside the range.

    >>> number("poisson", "dt", 1, 0, open_low=True)
    1.0
    >>> number("dense", "T", -1, 0)
    Traceback (most recent call last):
    ValueError: dense expects T as a finite number >= 0, got -1.
    """
    bounds = ""
    if high < np.inf:
        bounds = f" {'above' if open_low else 'from'} {low:g} to {high:g}"
    elif low > -np.inf:
        bounds = f" {'>' if open_low else '>='} {low:g}"
    expected = f"{who} expects {name} as a finite number{bounds}, got {value!r}."
    if isinstance(value, bool | np.bool_ | str | bytes):
        raise TypeError(expected)
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(expected) from None
    inside = (low < found if open_low else low <= found) and found <= high
    if not (np.isfinite(found) and inside):
        raise ValueError(expected)
    return found


def one_of(who: str, name: str, value: object, known: Collection[str]) -> str:
    """Return one of a few words.

    Raises:
        ValueError: if it is none of them.

    >>> one_of("LIF", "reset", "none", ("zero", "subtract"))
    Traceback (most recent call last):
    ValueError: LIF expects reset as one of zero, subtract; got 'none'.
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{who} expects {name} as one of {', '.join(known)}; got {value!r}.")
    return value


def not_negative(who: str, name: str, value: ArrayLike) -> Float64Array:
    """Return finite numbers >= 0 as an array of float64.

    Raises:
        TypeError: if they are no real numbers.
        ValueError: if one is negative or not finite.

    >>> not_negative("Hopfield.theory", "T", [0, 0.5])
    array([0. , 0.5])
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{who} expects real numbers for {name}, got {value!r}.")
    array = array.astype(np.float64)
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        raise ValueError(f"{who} expects finite {name} >= 0, got {array[wrong].flat[0]:g}.")
    return array
