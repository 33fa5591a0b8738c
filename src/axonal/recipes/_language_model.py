"""Language models of gated recurrent layers: EGRU, GRU or LSTM."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal.recipes._gated import GRU, LSTM

CELLS = ("egru", "gru", "lstm")


class LanguageModel(nn.Module):
    """Embedding, recurrent layers one after the other, and a score for every next token.

    Scores are ``W y + b`` with the last layer's output y; W is the embedding itself where ``tied``.

    Source: of the EGRU form, Subramoney et al., ICLR 2023 (arXiv 2206.06178), whose models of three
    layers have 31.70 million numbers for the Penn Treebank and 49.18 million for WikiText-2.

    Args:
        vocabulary: tokens V.
        sizes: width of the embedding, then units of every layer.
        cell: "egru", "gru" or "lstm".
        tied: whether the embedding scores, which the last layer must have the width of.
        dropout: share of the values between layers that training leaves out, one mask per call.
        settings: further ones of `neuro.EGRU`.

    Returns:
        Called with tokens [T, B] and states: scores [T, B, V] and the states, one per layer.

    >>> model = LanguageModel(7, (4, 6, 4), cell="egru", tied=True)
    >>> scores, states = model(torch.zeros(5, 2, dtype=torch.int64))
    >>> scores.shape, len(states)
    (torch.Size([5, 2, 7]), 2)
    """

    def __init__(
        self,
        vocabulary: int,
        sizes: Sequence[int],
        *,
        cell: str = "egru",
        tied: bool = False,
        dropout: float = 0.0,
        **settings: Any,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"LanguageModel knows the cells {', '.join(CELLS)}; got {cell!r}.")
        if tied and sizes[0] != sizes[-1]:
            raise ValueError(
                f"LanguageModel expects a last layer of the embedding's width {sizes[0]} where "
                f"they are tied, got {sizes[-1]}."
            )
        self.embed = nn.Embedding(vocabulary, sizes[0])
        nn.init.uniform_(self.embed.weight, -0.1, 0.1)
        self.layers = nn.ModuleList(_layer(cell, n, m, settings) for n, m in pairwise(sizes))
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.weight = None if tied else nn.Parameter(torch.empty(vocabulary, sizes[-1]))
        if self.weight is not None:
            nn.init.uniform_(self.weight, -0.1, 0.1)
        self.dropout = neuro.Dropout(dropout, same_over_time=True)

    def hidden(self, x: Tensor, states: Sequence[Any] | None = None) -> tuple[Tensor, list[Any]]:
        """Output [T, B, N] of the last layer, and the states."""
        y, after = self.dropout(self.embed(x)), []
        for k, layer in enumerate(self.layers):
            y, state = layer(y, None if states is None else states[k])
            y = self.dropout(y)
            after.append(state)
        return y, after

    def scores(self, y: Tensor) -> Tensor:
        """Scores of outputs of the last layer."""
        return F.linear(y, self.embed.weight if self.weight is None else self.weight, self.bias)

    def forward(self, x: Tensor, states: Sequence[Any] | None = None) -> tuple[Tensor, list[Any]]:
        """Run tokens ``x`` [T, B]."""
        y, after = self.hidden(x, states)
        return self.scores(y), after

    def recurrent_weights(self) -> list[nn.Parameter]:
        """Matrices of the recurrent layers, which pruning may thin."""
        return [p for layer in self.layers for p in layer.parameters() if p.ndim == 2]


def _layer(cell: str, inputs: int, size: int, settings: dict[str, Any]) -> nn.Module:
    if cell == "egru":
        return neuro.EGRU(inputs, size, **settings)
    return (GRU if cell == "gru" else LSTM)(inputs, size)
