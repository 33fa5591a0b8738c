"""Neurons of the tokens of spiking transformers."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from axonal.neuro.layers import Layer
from axonal.neuro.models._connected import Connected
from axonal.neuro.models.spiking_lmu import neurons as published_neurons

Neurons = Callable[[tuple[int, ...]], Layer[Any]]
"""Makes neurons of a size."""


class Fired(nn.Module):
    """Weights, norm and neurons, LIF(BN(W x)), of every token."""

    def __init__(self, tokens: int, inputs: int, outputs: int, neurons: Neurons | None) -> None:
        super().__init__()
        self.connected = Connected(inputs, outputs)
        self.neurons = made(neurons, (tokens, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes that tokens ``x`` cause."""
        spikes: Tensor = self.neurons(self.connected(x))
        return spikes


def made(neurons: Neurons | None, size: tuple[int, ...]) -> Layer[Any]:
    """Return neurons of a size: a user's, or the published ones."""
    return published_neurons(size) if neurons is None else neurons(size)
