"""Windows in order, in which every token of a text is predicted once."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from axonal._base.array_types import AnyArray, Int64Array
from axonal._base.checks import whole_number


class Stride(NamedTuple):
    """One window of a text.

    Attributes:
        inputs: tokens that a model reads [T].
        targets: the token behind each [T].
        counted: first step whose prediction counts; those before were counted already.
    """

    inputs: Int64Array
    targets: Int64Array
    counted: int


def strided(tokens: AnyArray, length: int, stride: int) -> Iterator[Stride]:
    """Yield windows that begin ``stride`` tokens apart.

    Every token but the first is counted in one window: with as many tokens before it as there are
    in the first window, afterwards with at least ``length - stride``.

    Args:
        tokens: of a text [tokens], at least two.
        length: T, tokens that a model reads at once; the last window may be shorter.
        stride: from 1 to ``length``; with ``length`` windows do not overlap.

    Raises:
        ValueError: for other numbers.

    >>> [(w.inputs.tolist(), w.counted) for w in strided(np.arange(7), 4, 2)]
    [([0, 1, 2, 3], 0), ([2, 3, 4, 5], 2)]
    """
    whole_number("strided", "length", length)
    whole_number("strided", "stride", stride)
    if stride > length:
        raise ValueError(f"strided expects stride up to length = {length}, got {stride}.")
    if len(tokens) < 2:
        raise ValueError(f"strided expects two tokens or more, got {len(tokens)}.")
    return _windows(tokens, length, stride)


def _windows(tokens: AnyArray, length: int, stride: int) -> Iterator[Stride]:
    told = 0  # inputs whose prediction was counted
    for first in range(0, len(tokens) - 1, stride):
        last = min(first + length, len(tokens) - 1)
        window = np.asarray(tokens[first : last + 1], np.int64)
        yield Stride(window[:-1], window[1:], told - first)
        told = last
        if last == len(tokens) - 1:
            return
