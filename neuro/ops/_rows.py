"""Rows of cells, as the compiled loops of several operators fill them."""

from typing import Any

from axonal.neuro.ops._numba import jit

_CHUNK = 16


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
def active(bits: Any, where: Any) -> Any:
    """Write the indices of what is not zero, and return how many there are."""
    used, whole = 0, bits.size // _CHUNK * _CHUNK
    for low in range(0, whole, _CHUNK):
        some = bits[low]
        for j in range(1, _CHUNK):
            some |= bits[low + j]
        if some:
            for j in range(low, low + _CHUNK):
                where[used] = j
                used += bits[j] != 0
    for j in range(whole, bits.size):
        where[used] = j
        used += bits[j] != 0
    return used
