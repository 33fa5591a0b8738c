"""The loops of filters over events, compiled; what they do is said where they are called."""

from axonal._base.array_types import BoolArray, Int64Array, UInt32Array
from axonal._base.jit import kernel


@kernel
def silence(
    times: Int64Array, cells: UInt32Array, period: int, ready: Int64Array, kept: BoolArray
) -> None:
    """Write for every event whether its cell is ready; ``ready`` [cells] begins far below."""
    for i in range(len(times)):
        cell = cells[i]
        kept[i] = times[i] > ready[cell]
        if kept[i]:
            ready[cell] = times[i] + period


@kernel
def company(
    times: Int64Array,
    x: Int64Array,
    y: Int64Array,
    window: int,
    radius: int,
    latest: Int64Array,
    kept: BoolArray,
) -> None:
    """Write for every event whether a neighbour fired within the window before it.

    ``latest`` [rows, columns] has a border of ``radius`` cells all around, and begins far below.
    """
    for i in range(len(times)):
        oldest = times[i] - window
        own_row, own_column = y[i] + radius, x[i] + radius
        found = False
        for row in range(y[i], own_row + radius + 1):
            for column in range(x[i], own_column + radius + 1):
                own = row == own_row and column == own_column
                if latest[row, column] >= oldest and not own:
                    found = True
                    break
            if found:
                break
        kept[i] = found
        latest[own_row, own_column] = times[i]
