"""Rows of cells, as the compiled loops of several operators fill them."""

from typing import Any

from axonal._base.jit import jit


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
