"""Loops over rows of numbers, for compiled functions.

numba compiles an assignment of one slice to another, or a sum of two, into several hundred lines
that tell wrong shapes apart; these take a third of its time or less, and run as fast.
"""

from typing import Any

import numpy as np

from axonal._base.jit import jit


@jit
def copy(into: Any, values: Any) -> None:
    """Copy as many values as ``into`` [N] holds.

    >>> import numpy as np
    >>> row = np.zeros(2)
    >>> copy(row, np.array([1.0, 2.0, 3.0]))
    >>> row
    array([1., 2.])
    """
    for k in range(into.size):
        into[k] = values[k]


@jit
def add(into: Any, values: Any) -> None:
    """Add as many values as ``into`` [N] holds, one to each."""
    for k in range(into.size):
        into[k] += values[k]


@jit
def with_room(array: Any, size: int) -> Any:
    """Return an array of at least ``size`` values that begins with this one, or is this one.

    >>> import numpy as np
    >>> with_room(np.array([7, 8, 9]), 4)[:3]
    array([7, 8, 9])
    """
    if size <= array.size:
        return array
    # twice as long, so that appending one by one copies every value a few times only
    longer = np.empty(max(size, 2 * array.size), array.dtype)
    copy(longer[: array.size], array)
    return longer
