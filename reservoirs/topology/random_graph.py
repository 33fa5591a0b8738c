"""Neurons joined at random, whatever their distance."""

import numpy as np

from axonal._base import checks
from axonal.reservoirs.topology._draw import chosen, excitatory_first
from axonal.reservoirs.topology.wiring import InputWiring, Wiring


def random_graph(neurons: int, probability: float, *, seed: int, excitatory: float = 0.8) -> Wiring:
    """Join every ordered pair of different neurons with one probability (Erdős and Rényi).

    Args:
        neurons: number of neurons N.
        probability: of each pair, from 0 to 1.
        seed: of the synapses.
        excitatory: share of excitatory neurons, from 0 to 1; they come first.

    Returns:
        the wiring.

    Raises:
        ValueError: a number is out of its range.
        MemoryError: the synapses do not fit into what is free.

    >>> len(random_graph(100, 0.1, seed=0).pre) in range(900, 1100)
    True
    """
    size = checks.whole_number("random_graph", "neurons", neurons)
    share = checks.number("random_graph", "probability", probability, 0.0, 1.0)
    kind = checks.number("random_graph", "excitatory", excitatory, 0.0, 1.0)
    rng = np.random.default_rng(checks.seed("random_graph", seed))
    pairs = size * (size - 1)
    count = rng.binomial(pairs, share)
    pre, place = np.divmod(chosen(pairs, count, rng), max(size - 1, 1))
    post = place + (place >= pre)  # the pair of a neuron with itself is skipped
    return Wiring(excitatory_first(size, kind), pre.astype(np.int32), post.astype(np.int32))


def random_inputs(inputs: int, neurons: int, density: float, *, seed: int) -> InputWiring:
    """Join inputs to neurons at random, with signs at random.

    Exactly ``int(density · inputs · neurons)`` different pairs are joined.

    Args:
        inputs: number of inputs M.
        neurons: number of neurons N.
        density: share of pairs that are joined, from 0 to 1.
        seed: of pairs and signs.

    Returns:
        the synapses, sorted by input, then by neuron.

    Raises:
        ValueError: a number is out of its range.
        MemoryError: the synapses do not fit into what is free.

    >>> len(random_inputs(784, 1000, 0.15, seed=0).pre)
    117600
    """
    sources = checks.whole_number("random_inputs", "inputs", inputs)
    targets = checks.whole_number("random_inputs", "neurons", neurons)
    share = checks.number("random_inputs", "density", density, 0.0, 1.0)
    rng = np.random.default_rng(checks.seed("random_inputs", seed))
    pairs = sources * targets
    pre, post = np.divmod(chosen(pairs, int(share * pairs), rng), targets)
    signs = rng.choice([-1.0, 1.0], len(pre))
    return InputWiring(sources, pre.astype(np.int32), post.astype(np.int32), signs)
