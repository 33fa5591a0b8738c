"""Spikes of a population as a list of events."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Spikes(NamedTuple):
    """The spikes of one population as events, ordered by sample, then step, then neuron.

    Args:
        sample: sample of each spike `[E]`.
        t: step of each spike `[E]`, counted from the start of the run.
        neuron: neuron of each spike within its population `[E]`.

    >>> Spikes(np.array([0]), np.array([3]), np.array([7])).t
    array([3])
    """

    sample: npt.NDArray[np.int32]
    t: npt.NDArray[np.int32]
    neuron: npt.NDArray[np.int32]
