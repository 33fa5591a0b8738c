"""Base of the rules that hand the error of the output to every layer."""

from collections.abc import Iterable

import torch
from torch import Tensor

from axonal import neuro
from axonal.hebbian.local._chain import blocks
from axonal.hebbian.local.feedback_alignment import drawn
from axonal.hebbian.local.rule import Loss, Rule, refused


class Broadcast(Rule):
    """Layers one after another whose errors come from the output. Abstract.

    Args:
        net: the network.
        loss: of the output [T, B, C] and the target.
    """

    def __init__(self, net: neuro.Network, loss: Loss) -> None:
        super().__init__(net)
        self.loss = loss
        self._blocks = found = blocks(self, net)
        *hidden, output = found
        for block in found:
            if isinstance(block.connections, neuro.Conv2d):
                raise refused(
                    self, block.path, block.connections,
                    "it hands errors to Linear and DelayedLinear layers.",
                )  # fmt: skip
            for path, layer in block.after:
                if [*layer.parameters()] and not isinstance(layer, neuro.Layer):
                    raise refused(self, path, layer, "it trains connections and neurons.")
        for block in hidden:
            if not block.after:
                raise refused(
                    self, block.path, block.connections,
                    "connections without neurons in front of others; put neurons behind them.",
                )  # fmt: skip
        if any(getattr(layer, "spiking", False) for _, layer in output.after):
            path, layer = output.after[0]
            raise refused(
                self,
                path,
                layer,
                "the output is a Linear, or one with a LeakyIntegrator behind it.",
            )

    def _draw(self, layers: Iterable[int]) -> None:
        """Draw feedback weights [C, N] for hidden layers."""
        *hidden, output = self._blocks
        like = output.connections.weight.detach()
        for layer in layers:
            size = hidden[layer].connections.out_features
            weights = drawn(like.new_empty(output.connections.out_features, size))
            self.register_buffer(f"feedback_{layer}", weights)

    def feedback(self, layer: int) -> Tensor:
        """Return the feedback weights [C, N] of a hidden layer, counted from 0."""
        weights: Tensor = getattr(self, f"feedback_{layer}")
        return weights

    def _output(self, spikes: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Train the output; return loss, error [T, B, C] at its connections, and at its input.

        The error at the connections is that of the potential behind them, summed over the steps in
        which it remembers.
        """
        block = self._blocks[-1]
        heard = spikes.detach().requires_grad_()
        parts: list[Tensor] = []
        handle = block.connections.register_forward_hook(
            lambda _, args, result: parts.append(result[0] if isinstance(result, tuple) else result)
        )
        try:
            loss = self.loss(block.run(heard), target)
        finally:
            handle.remove()
        wanted = [p for p in block.net.parameters() if p.requires_grad]
        error, at_input, *own = torch.autograd.grad(loss, [parts[-1], heard, *wanted])
        for p, g in zip(wanted, own, strict=True):
            p.grad = g if p.grad is None else p.grad + g
        return loss.detach(), error, at_input
