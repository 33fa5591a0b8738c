"""Random choices that wirings share."""

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array, Int32Array, Int64Array
from axonal._base.memory import require


def excitatory_first(neurons: int, share: float) -> BoolArray:
    """Mark the first ``share`` of the neurons, rounded, as excitatory.

    >>> excitatory_first(5, 0.8).tolist()
    [True, True, True, True, False]
    """
    return np.arange(neurons) < round(share * neurons)


def drawn(rows: Float64Array, rng: np.random.Generator) -> tuple[Int32Array, Int32Array]:
    """Draw which pairs are joined from the probability of each.

    Args:
        rows: probabilities `[sources, targets]`.
        rng: source of random numbers.

    Returns:
        row and column of every pair that is joined, row by row.

    >>> drawn(np.eye(2), np.random.default_rng(0))[0].tolist()
    [0, 1]
    """
    row, column = np.nonzero(rng.random(rows.shape) < rows)
    return row.astype(np.int32), column.astype(np.int32)


def chosen(pairs: int, count: int, rng: np.random.Generator) -> Int64Array:
    """Choose as many different pairs by their numbers, in order.

    Args:
        pairs: number of all pairs.
        count: number of those that are chosen.
        rng: source of random numbers.

    Raises:
        MemoryError: they do not fit into what is free.

    >>> chosen(3, 3, np.random.default_rng(0)).tolist()
    [0, 1, 2]
    """
    # numpy lists all pairs unless few of them are wanted
    size = 48 * count + (8 * pairs if 20 * count > pairs else 0)
    require(size, f"choosing {count} synapses among {pairs} pairs", "take fewer neurons or inputs")
    return np.sort(rng.choice(pairs, count, replace=False, shuffle=False))
