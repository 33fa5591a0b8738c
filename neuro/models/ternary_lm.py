"""TernaryLM: the MatMul-free language model, and a spiking one of the same weights."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import MLGRU, BinaryEmbedding, BitLinear, Layer, LowerBounds, TernaryGLU
from axonal.neuro.network import Network

State = dict[str, Any]
EPS = 1e-8


class TernaryLM(Layer[State]):
    """Language model whose products have weights -1, 0 and 1: one token per step.

        x = E[token]
        x = x + MLGRU(norm(x))                        :class:`MLGRU`
        x = x + GLU(norm(x))                          :class:`TernaryGLU`
        logits = W norm(x)                            :class:`BitLinear`

    Its state has one size for any number of tokens. With ``spiking``, LIF neurons stand before
    every ternary weight of the blocks, whose products are then additions of events; the head hears
    real numbers of eight bits in both.

    Source: Zhu et al. 2024, MatMul-free language models (arXiv 2406.02528); the spikes are our own.

    Args:
        tokens: V, size of the vocabulary.
        size: C channels.
        layers: L blocks.
        hidden: units of the feed-forward part; the published width if it is ``None``.
        spiking: whether there are LIF neurons.

    Returns:
        Called with tokens [T, B] and a state: logits of the next token [T, B, V] and the states of
        the layers by path.

    Raises:
        ValueError: for parameters out of range, for tokens that there are not, and for states of
            the wrong shape.

    >>> logits, state = TernaryLM(65, size=16, layers=2, hidden=32)(torch.tensor([[1], [2], [3]]))
    >>> logits.shape
    torch.Size([3, 1, 65])
    """

    spiking: ClassVar[bool] = False

    def __init__(
        self,
        tokens: int,
        *,
        size: int = 1024,
        layers: int = 24,
        hidden: int | None = None,
        spiking: bool = False,
    ) -> None:
        super().__init__()
        self.tokens, self.size, self.layers = _checks.counts(
            self, tokens=tokens, size=size, layers=layers
        )
        self.embed = BinaryEmbedding(self.tokens, self.size, binary=False)
        nn.init.normal_(self.embed.weight, std=0.02)
        bounds = LowerBounds(self.layers, self.size)
        blocks = [_Block(self.size, k, bounds, hidden, spiking) for k in range(self.layers)]
        with torch.no_grad():
            for block in blocks:
                for last in (block.mix.output, block.feed.down):
                    last.weight.div_((2 * self.layers) ** 0.5)
        self.body = Network(_Body(self.size, blocks))
        self.head = BitLinear(self.size, self.tokens)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the logits of the token behind each of ``tokens`` [T, B]."""
        _checks.tokens(self, tokens)
        x, state = self.body(self.embed(tokens), state)
        return self.head(x), state

    def extra_repr(self) -> str:
        """Return the text of ``print(model)``."""
        return f"{self.tokens}, size={self.size}, layers={self.layers}"


class _Block(nn.Module):
    def __init__(
        self, size: int, layer: int, bounds: LowerBounds, hidden: int | None, spiking: bool
    ) -> None:
        super().__init__()
        self.mix_norm, self.feed_norm = nn.RMSNorm(size, EPS), nn.RMSNorm(size, EPS)
        self.mix = MLGRU(size, layer=layer, bounds=bounds, spiking=spiking)
        self.feed = TernaryGLU(size, hidden, spiking=spiking)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mix(self.mix_norm(x))
        y: Tensor = x + self.feed(self.feed_norm(x))
        return y


class _Body(nn.Module):
    source_name = "TernaryLM"

    def __init__(self, size: int, blocks: list[_Block]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.out_norm = nn.RMSNorm(size, EPS)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        y: Tensor = self.out_norm(x)
        return y
