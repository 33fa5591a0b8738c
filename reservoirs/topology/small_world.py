"""Neurons on a ring, joined to their neighbours and, by chance, far away."""

import numpy as np

from axonal._base import checks
from axonal.reservoirs.topology._draw import excitatory_first
from axonal.reservoirs.topology.wiring import Wiring


def small_world(
    neurons: int, neighbours: int, rewired: float, *, seed: int, excitatory: float = 0.8
) -> Wiring:
    """Join neurons to their nearest ones on a ring and move some synapses elsewhere.

    The directed form of Watts and Strogatz (1998): each neuron reaches ``neighbours`` others,
    half of them on each side; each synapse moves with the probability ``rewired`` to a target
    drawn among those that its source does not reach yet.

    Args:
        neurons: number of neurons N.
        neighbours: synapses of each neuron, even, less than N.
        rewired: probability that a synapse is moved, from 0 (a ring) to 1 (a random graph).
        seed: of moves and types.
        excitatory: share of excitatory neurons, from 0 to 1, spread at random over the ring.

    Returns:
        the wiring.

    Raises:
        ValueError: a number is out of its range.

    >>> ring = small_world(6, 2, 0.0, seed=0)
    >>> list(zip(ring.pre.tolist(), ring.post.tolist()))[:3]
    [(0, 1), (0, 5), (1, 0)]
    """
    size = checks.whole_number("small_world", "neurons", neurons)
    reached = checks.whole_number("small_world", "neighbours", neighbours, 0, size - 1)
    if reached % 2:
        raise ValueError(f"small_world expects neighbours as an even number, got {neighbours}.")
    moves = checks.number("small_world", "rewired", rewired, 0.0, 1.0)
    share = checks.number("small_world", "excitatory", excitatory, 0.0, 1.0)
    rng = np.random.default_rng(checks.seed("small_world", seed))
    steps = np.concatenate([np.arange(-reached // 2, 0), np.arange(1, reached // 2 + 1)])
    pre, post = [], []
    for neuron in range(size):
        targets = (neuron + steps) % size
        moved = rng.random(reached) < moves
        free = np.setdiff1d(np.arange(size), np.append(targets, neuron))
        # a ring of nearly all neurons has fewer places left than synapses that would move
        gone = np.flatnonzero(moved)[: len(free)]
        targets[gone] = rng.choice(free, len(gone), replace=False)
        pre.append(np.full(reached, neuron))
        post.append(np.sort(targets))
    excites = rng.permutation(excitatory_first(size, share))
    return Wiring(
        excites, np.concatenate(pre).astype(np.int32), np.concatenate(post).astype(np.int32)
    )
