"""Values outside the range of a chip, in one line."""

from collections.abc import Iterator

import numpy as np

from axonal._base.array_types import Float64Array


def within(
    where: str, what: str, values: Float64Array, limits: tuple[int, int], chip: str
) -> Iterator[str]:
    """Say of the first value that is no whole number within the limits what it is.

    Args:
        where: population or projection, and the chip.
        what: what the values are.
        values: in whole steps, if all is well.
        limits: least and largest.
        chip: for which `quantize` makes such values.

    >>> list(within("population 'a'", "threshold", np.array([1.0, 9.0]), (0, 7), "loihi2"))
    ["population 'a': threshold is 9 at 1, expected a whole number from 0 to 7; make it with
    quantize(graph, 'loihi2')"]
    """
    low, high = limits
    wrong = (values < low) | (values > high) | (values != np.rint(values))
    if wrong.any():
        first = int(np.argmax(wrong))
        yield (
            f"{where}: {what} is {values[first]:.12g} at {first}, expected a whole number from "
            f"{low} to {high}; make it with quantize(graph, {chip!r})"
        )
