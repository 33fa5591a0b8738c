"""Neurons on a three-dimensional grid, joined the more often the nearer they are."""

from collections.abc import Mapping

import numpy as np

from axonal._base import checks
from axonal._base.memory import require
from axonal.reservoirs.topology._draw import drawn, excitatory_first
from axonal.reservoirs.topology.wiring import Wiring

MAASS = {"EE": 0.2, "EI": 0.1, "IE": 0.3, "II": 0.05}
"""Factor C for each pair of types, source first, of Ivanov and Michmizos (2021)."""
_ROWS = 500
_BYTES = 96
"""For each pair of a row, while distances and probabilities are computed."""


def grid(
    shape: tuple[int, int, int],
    *,
    seed: int,
    excitatory: float = 0.8,
    laws: Mapping[str, float] = MAASS,
    reach: float = 3.0,
) -> Wiring:
    """Join neurons of a grid with a probability that falls with their distance.

    Two neurons at a distance D, in steps of the grid, are joined with the probability

        C · exp(-(D / reach)²)

    with a factor C for each pair of types, source first. No neuron is joined to itself, and there
    is at most one synapse for an ordered pair. Places are given to neurons at random. The law is
    that of Maass, Natschläger and Markram (2002), its factors those of Ivanov and Michmizos (2021,
    arXiv 2111.01760).

    Args:
        shape: neurons along each side.
        seed: of places and synapses.
        excitatory: share of excitatory neurons, from 0 to 1; they come first.
        laws: factor C >= 0 for "EE", "EI", "IE" and "II"; "EI" is from excitatory to inhibitory.
        reach: distance at which the probability has fallen to C / e, > 0.

    Returns:
        the wiring, with positions.

    Raises:
        ValueError: a side, share, factor or reach is out of its range.
        MemoryError: the distances of 500 neurons from all do not fit into what is free.

    >>> wiring = grid((10, 10, 10), seed=1)
    >>> wiring.neurons, 16_000 < len(wiring.pre) < 17_500
    (1000, True)
    """
    if np.ndim(shape) != 1 or len(shape) != 3:
        raise ValueError(f"grid expects shape as three sides, such as (10, 10, 10), got {shape}.")
    sides = [checks.whole_number("grid", "each side of shape", side) for side in shape]
    share = checks.number("grid", "excitatory", excitatory, 0.0, 1.0)
    checks.number("grid", "reach", reach, 0.0, open_low=True)
    if set(laws) != set(MAASS):
        raise ValueError(f"grid expects laws for EE, EI, IE and II, got {', '.join(laws)}.")
    for pair, factor in laws.items():
        checks.number("grid", f"the law for {pair}", factor, 0.0)
    rng = np.random.default_rng(checks.seed("grid", seed))
    neurons = int(np.prod(sides))
    require(
        _BYTES * min(_ROWS, neurons) * neurons,
        f"joining {neurons} neurons of a grid",
        "take shorter sides",
    )
    places = np.stack(np.unravel_index(rng.permutation(neurons), sides), axis=1).astype(float)
    excites = excitatory_first(neurons, share)
    table = np.array([[laws["II"], laws["IE"]], [laws["EI"], laws["EE"]]])
    pre, post = [], []
    for start in range(0, neurons, _ROWS):  # all pairs at once need gigabytes for 20 x 20 x 20
        rows = slice(start, start + _ROWS)
        squared = ((places[rows, None] - places[None]) ** 2).sum(axis=2)
        factor = table[excites[rows].astype(int)[:, None], excites.astype(int)[None]]
        probability = np.where(squared > 0, factor * np.exp(-squared / reach**2), 0.0)
        row, column = drawn(probability, rng)
        pre.append(row + np.int32(start))
        post.append(column)
    return Wiring(excites, np.concatenate(pre), np.concatenate(post), places)
