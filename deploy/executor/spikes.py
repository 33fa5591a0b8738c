"""Spikes of a population as a list of events."""

from typing import NamedTuple

from axonal._base.array_types import Int32Array


class Spikes(NamedTuple):
    """The spikes of one population as events, ordered by sample, then step, then neuron.

    Args:
        sample: sample of each spike `[E]`.
        t: step of each spike `[E]`, counted from the start of the run.
        neuron: neuron of each spike within its population `[E]`.

    >>> import numpy as np
    >>> Spikes(np.array([0]), np.array([3]), np.array([7])).t
    array([3])
    """

    sample: Int32Array
    t: Int32Array
    neuron: Int32Array
