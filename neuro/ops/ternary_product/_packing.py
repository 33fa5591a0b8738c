"""Weights -1, 0 and 1 in two bits each."""

from typing import Any

import numpy as np
import numpy.typing as npt


def pack(signs: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Pack weights -1, 0 and 1, four to a byte, the first in the lowest bits: 0, 1 and 2 for -1.

    Args:
        signs: W [M, N].

    Returns:
        [M, ceil(N / 4)].

    Raises:
        ValueError: for other numbers.

    >>> pack(np.array([[1, -1, 0, 0, 1]]))
    array([[9, 1]], dtype=uint8)
    """
    if signs.ndim != 2 or not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError("pack expects weights [M, N] of -1, 0 and 1.")
    rows, inputs = signs.shape
    codes = np.zeros((rows, -(-inputs // 4) * 4), np.uint8)
    codes[:, :inputs] = signs.astype(np.int8) % 3
    four = codes.reshape(rows, -1, 4)
    packed: npt.NDArray[np.uint8] = (four << np.array([0, 2, 4, 6], np.uint8)).sum(
        2, dtype=np.uint8
    )
    return packed


def unpack(packed: npt.NDArray[np.uint8], inputs: int) -> npt.NDArray[np.int8]:
    """Return the weights that `pack` packed [M, N].

    >>> unpack(pack(np.array([[1, -1, 0, 0, 1]])), 5).tolist()
    [[1, -1, 0, 0, 1]]
    """
    codes = packed[..., None] >> np.array([0, 2, 4, 6], np.uint8) & 3
    signs: npt.NDArray[np.int8] = np.array([0, 1, -1, 0], np.int8)[codes]
    return signs.reshape(len(packed), -1)[:, :inputs]
