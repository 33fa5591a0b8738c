"""Connections of layers as the event-driven operators take them."""

from axonal.neuro.layers import DelayedLinear, Linear
from axonal.neuro.ops.eventprop_lif._tensors import Synapses


def synapses_of(layer: DelayedLinear | Linear, added: int = 0) -> Synapses:
    """Return the weights of a layer, and its delays with ``added`` steps on top.

    Delays are real where they are learned, and whole where they are frozen.
    """
    weight = layer.masked_weight
    delay = layer.delay if isinstance(layer, DelayedLinear) else weight.new_zeros(weight.shape)
    return Synapses(weight, delay + added if added else delay)
