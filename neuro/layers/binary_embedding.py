"""Tokens as vectors of zeros and ones."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.surrogates import ATan


class BinaryEmbedding(nn.Module):
    """Row of a table per token, each number as one bit: ``s = [E >= 0]``.

    The gradient of E takes that of ``ATan(2)`` for ds/dE. The table begins orthogonal with the
    published gain of 1e-4 sqrt(max(V, C)): only the signs are read.

    Source: Zhu et al., TMLR 2024 (arXiv 2302.13939).

    Args:
        tokens: V, number of tokens.
        size: C channels.
        binary: whether numbers become bits; without it this is an ordinary embedding.

    Returns:
        Called with tokens, whole numbers below V of any shape: [..., C], 0 or 1.

    Raises:
        ValueError: for sizes below 1, and for tokens that are no whole numbers.

    >>> BinaryEmbedding(5, 3)(torch.tensor([[0, 4]])).shape
    torch.Size([1, 2, 3])
    """

    def __init__(self, tokens: int, size: int, *, binary: bool = True) -> None:
        super().__init__()
        self.tokens, self.size = _checks.counts(self, tokens=tokens, size=size)
        self.binary = binary
        self.surrogate = ATan(2.0)
        self.weight = nn.Parameter(torch.empty(self.tokens, self.size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        nn.init.orthogonal_(self.weight, 1e-4 * max(self.tokens, self.size) ** 0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Look up ``tokens`` of any shape."""
        if not isinstance(tokens, Tensor) or tokens.is_floating_point() or tokens.is_complex():
            got = tokens.dtype if isinstance(tokens, Tensor) else type(tokens).__name__
            raise _checks.InputError(
                f"BinaryEmbedding expects tokens as whole numbers [T, B], got {got}: write "
                "tokens.long().",
                self,
            )
        if not _checks.compiling() and tokens.numel() and not tokens.is_meta:
            low, high = tokens.aminmax()
            if low < 0 or high >= self.tokens:
                raise _checks.InputError(
                    f"BinaryEmbedding knows the tokens 0 to {self.tokens - 1}, got {int(low)} to "
                    f"{int(high)}: do they come from another tokenizer?",
                    self,
                )
        rows = F.embedding(tokens.long(), self.weight)
        return self.surrogate(rows) if self.binary else rows

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{self.tokens}, {self.size}{'' if self.binary else ', binary=False'}"
