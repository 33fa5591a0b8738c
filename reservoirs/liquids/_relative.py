"""Rows divided by their sums."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

F = TypeVar("F", bound=np.floating[Any])


def relative(rows: npt.NDArray[F]) -> npt.NDArray[F]:
    """Divide each row by its sum; a row of zeros stays as it is.

    Args:
        rows: numbers >= 0 `[B, n]`.

    Returns:
        shares of the rows, of the same type `[B, n]`.

    >>> relative(np.array([[3.0, 1.0], [0.0, 0.0]])).tolist()
    [[0.75, 0.25], [0.0, 0.0]]
    """
    sums = rows.sum(axis=1, keepdims=True)
    shares: npt.NDArray[F] = rows / np.where(sums > 0, sums, rows.dtype.type(1))
    return shares
