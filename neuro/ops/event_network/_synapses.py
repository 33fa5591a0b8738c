"""Lists of synapses."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import IntegerArray


class Synapses(NamedTuple):
    """A list of S synapses between flat sources and flat neurons.

    Args:
        pre: source of each synapse `[S]`.
        post: target neuron of each synapse `[S]`.
        weight: weight `[S]`.
        delay: steps between the event and its arrival `[S]`, at least 0.
        pre_offset: added to every ``pre``.
        post_offset: added to every ``post``.

    >>> Synapses(np.array([0]), np.array([1]), np.array([0.5]), np.array([2])).delay
    array([2])
    """

    pre: IntegerArray
    post: IntegerArray
    weight: npt.NDArray[np.floating[Any]]
    delay: IntegerArray
    pre_offset: int = 0
    post_offset: int = 0
