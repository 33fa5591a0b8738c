"""Connections as the event-driven operators take them."""

from typing import NamedTuple

from torch import Tensor

from axonal.neuro.layers import DelayedLinear, Linear


class Connections(NamedTuple):
    """Weights and delays of connections, as the event-driven operators take them.

    Args:
        weight: [N, I].
        delay: in steps [N, I]; real where delays are learned, whole where they are frozen.
    """

    weight: Tensor
    delay: Tensor

    @classmethod
    def of(cls, layer: DelayedLinear | Linear, added: int = 0) -> "Connections":
        """Those of a layer, with ``added`` steps of delay on top."""
        weight = layer.masked_weight
        delay = layer.delay if isinstance(layer, DelayedLinear) else weight.new_zeros(weight.shape)
        return cls(weight, delay + added if added else delay)
