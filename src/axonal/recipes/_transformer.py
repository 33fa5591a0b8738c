"""A causal transformer as a language model, as a control of recurrent ones."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Transformer(nn.Module):
    """Causal transformer with norms before its parts and rotated positions.

        x = E[token]
        x = x + W_o attention(q, k, v)        of LN(x), every head by itself
        x = x + W_2 gelu(W_1 LN(x))
        logits = W LN(x)

    Queries and keys are rotated by angles that grow with the position, so that a product of both
    depends on the distance alone: there is no table of positions. Attention is torch's
    ``scaled_dot_product_attention``.

    Source: Vaswani et al., NeurIPS 2017; norms as in Radford et al. 2019; positions of Su et al.
    2021 (arXiv 2104.09864).

    Args:
        tokens: V, size of the vocabulary.
        size: C channels.
        layers: L blocks.
        heads: of each, which the channels are shared out to.
        hidden: units of the feed-forward part; 4 C if it is ``None``.
        dropout: chance that a number which a block adds is left out in training.

    Returns:
        Called with tokens [T, B]: logits of the next token [T, B, V], and ``None``: it has no state
        and reads its whole past each time.

    Raises:
        ValueError: if channels cannot be shared out to heads of an even size.

    >>> Transformer(65, size=16, layers=2, heads=2)(torch.zeros(5, 3, dtype=torch.int64))[0].shape
    torch.Size([5, 3, 65])
    """

    def __init__(
        self,
        tokens: int,
        *,
        size: int,
        layers: int,
        heads: int = 4,
        hidden: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if size % (2 * heads):
            raise ValueError(
                f"Transformer expects size a multiple of {2 * heads}, twice its heads, got {size}."
            )
        self.embed = nn.Embedding(tokens, size)
        nn.init.normal_(self.embed.weight, std=0.02)
        units = 4 * size if hidden is None else hidden
        blocks = [_Block(size, heads, units, dropout) for _ in range(layers)]
        self.blocks, self.turned = nn.ModuleList(blocks), size // heads
        for block in blocks:
            for last in (block.out, block.down):
                nn.init.normal_(last.weight, std=0.02 / (2 * layers) ** 0.5)
        self.norm = nn.LayerNorm(size)
        self.head = nn.Linear(size, tokens, bias=False)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, tokens: Tensor, state: None = None) -> tuple[Tensor, None]:
        """Run ``tokens`` [T, B]."""
        x = self.embed(tokens.T)  # batches first, as attention has them
        turns = angles(len(tokens), self.turned, x)
        for block in self.blocks:
            x = block(x, turns)
        return self.head(self.norm(x)).transpose(0, 1), None


class _Block(nn.Module):
    def __init__(self, size: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.width = heads, size // heads
        self.mix_norm, self.feed_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.heard = nn.Linear(size, 3 * size, bias=False)
        self.out = nn.Linear(size, size, bias=False)
        self.up = nn.Linear(size, hidden, bias=False)
        self.down = nn.Linear(hidden, size, bias=False)
        for linear in (self.heard, self.up):
            nn.init.normal_(linear.weight, std=0.02)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        batch, steps, size = x.shape
        heard = self.heard(self.mix_norm(x)).view(batch, steps, 3, self.heads, self.width)
        q, k, v = heard.permute(2, 0, 3, 1, 4)
        mean = F.scaled_dot_product_attention(
            rotated(q, turns), rotated(k, turns), v, is_causal=True
        )
        x = x + self.dropout(self.out(mean.transpose(1, 2).reshape(batch, steps, size)))
        y: Tensor = x + self.dropout(self.down(F.gelu(self.up(self.feed_norm(x)))))
        return y


def angles(steps: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines [T, width / 2] of the angles t 10000^(-2 i / width).

    >>> cosine, sine = angles(2, 4, torch.zeros(1))
    >>> cosine[0].tolist(), sine[0].tolist()
    ([1.0, 1.0], [0.0, 0.0])
    """
    half = torch.arange(0, width, 2, device=like.device, dtype=torch.float64)
    place = torch.arange(steps, device=like.device, dtype=torch.float64)
    angle = place[:, None] * 10_000.0 ** (-half / width)
    return angle.cos().to(like.dtype), angle.sin().to(like.dtype)


def rotated(x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """Return x [..., T, width], its two halves taken for planes and turned.

    >>> x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    >>> y = rotated(x, angles(3, 4, x))
    >>> torch.allclose(y.norm(dim=-1), x.norm(dim=-1)), torch.equal(y[0], x[0])
    (True, True)
    """
    cosine, sine = turns
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cosine - b * sine, a * sine + b * cosine), dim=-1)
