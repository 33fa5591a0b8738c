"""Rows of cells, as the compiled loops of several operators fill them."""

from typing import Any

import numpy as np

from axonal.neuro.ops._numba import jit


@jit
def spread(row: Any, values: Any, low: int) -> None:
    """Fill the row of cells from ``low`` on with values that repeat for every sample."""
    if values.size == 1:
        row[:] = values[0]
    else:
        j = low % values.size
        for k in range(row.size):
            row[k] = values[j]
            j = j + 1 if j + 1 < values.size else 0


@jit
def active(bits: Any, where: Any) -> int:
    """Write the indices of what is not zero, and return how many there are.

    Without a branch, since which entries are active cannot be foreseen; an unsigned index spares
    the question whether it counts from the end.
    """
    used = np.uint64(0)
    for j in range(bits.size):
        where[used] = j
        used += np.uint64(bits[j] != 0)
    return int(used)
