"""A network that runs step by step, for robots and notebooks."""

from typing import Any

import torch

from axonal.neuro.layers import Layer


class Streamer:
    """Feed a network one step at a time; the one object here that owns a state.

    Args:
        net: a Network or any layer with memory, in evaluation mode.

    Attributes:
        state: the state after the last step; ``None`` at rest.

    Raises:
        ValueError: if the network is in training mode, where dropout and unrounded delays would
            make the stream differ from the deployed network.

    >>> from axonal import neuro
    >>> stream = Streamer(neuro.LIF(1, tau=2.0, decay="euler").eval())
    >>> [stream(torch.tensor([[0.7]])).item() for _ in range(3)]
    [0.0, 1.0, 0.0]
    """

    def __init__(self, net: Layer[Any]) -> None:
        if not isinstance(net, Layer):
            raise TypeError(
                f"Streamer expects a Network or a layer with memory, got {type(net).__name__}. "
                "Wrap a module in neuro.Network first."
            )
        if net.training:
            raise ValueError(
                "Streamer expects a network in evaluation mode: call net.eval() first."
            )
        self.net: Any = net
        self.state: Any = None

    @torch.no_grad()
    def __call__(self, *inputs: Any) -> Any:
        """Run one step of every input [B, ...] and return the output [B, ...]."""
        y, self.state = self.net.step(*inputs, state=self.state)
        return y

    @torch.no_grad()
    def run(self, *inputs: Any) -> Any:
        """Run a chunk of every input [T, B, ...] and return the output [T, B, ...]."""
        y, self.state = self.net(*inputs, state=self.state)
        return y

    def reset(self) -> None:
        """Go back to rest."""
        self.state = None
