"""Weights and norm of the tokens of spiking transformers."""

from torch import Tensor, nn

from axonal.neuro.layers import BatchNorm, Linear


class Connected(nn.Module):
    """Weights and norm, BN(W x), from tokens [T, B, L, N] to [T, B, L, M]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weights = Linear(inputs, outputs, bias=False)
        self.norm = BatchNorm(outputs, axis=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Connect every token of ``x``."""
        y: Tensor = self.norm(self.weights(x))
        return y
