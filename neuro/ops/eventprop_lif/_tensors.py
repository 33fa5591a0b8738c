"""Tensors of event-driven neurons as operators and their kernels hand them on."""

from typing import NamedTuple

from torch import Tensor

SMALLEST_SLOPE = 1e-6
"""Least distance, in thresholds, of a current above the threshold at a spike.

Gradients are divided by it. On a grid it is positive but for rounding.
"""


class Trains(NamedTuple):
    """Spikes of a batch in order of time, the first ``counts`` places of each row.

    Attributes:
        times: in steps [B, S].
        indices: neuron of each spike, int64 [B, S].
        counts: spikes of each sample, int64 [B].
    """

    times: Tensor
    indices: Tensor
    counts: Tensor


class Synapses(NamedTuple):
    """Connections of I sources to N neurons, or of none where the tensors are empty.

    Attributes:
        weight: [N, I].
        delay: in steps [N, I], which the grid rounds.
    """

    weight: Tensor
    delay: Tensor


class Decays(NamedTuple):
    """Factors per step of every neuron.

    Attributes:
        membrane: d [N], on the potential.
        synapse: a [N], on the current.
    """

    membrane: Tensor
    synapse: Tensor


class Firing(NamedTuple):
    """Threshold of every neuron and its silence after a spike.

    Attributes:
        threshold: [N].
        refractory: in steps [N], which the grid rounds.
    """

    threshold: Tensor
    refractory: Tensor


class Fired(NamedTuple):
    """Spikes of neurons, with what their backward pass starts from.

    Attributes:
        times: whole numbers [B, S], infinity beyond the spikes of a sample.
        indices: int64 [B, S], -1 beyond.
        counts: int64 [B].
        current: synaptic current at each spike [B, S], 0 beyond.
        released: the same at the end of the refractory steps [B, S]; 0 if that is after the last.
    """

    times: Tensor
    indices: Tensor
    counts: Tensor
    current: Tensor
    released: Tensor

    @property
    def trains(self) -> Trains:
        """The spikes alone."""
        return Trains(*self[:3])


class Needs(NamedTuple):
    """Gradients that are wanted: of times of events, of weights or delays, of decays."""

    times: bool
    synapses: bool
    decays: bool
