"""Dropout, at each step anew or one mask for a sequence."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Dropout(nn.Module):
    """Dropout, at each step anew or with one mask for the whole sequence.

    Args:
        p: share of values set to zero while training, 0 to 1; the others grow by 1 / (1 - p).
        same_over_time: drop a unit for all steps of a call, not each step anew.

    Returns:
        Called with x [T, B, ...]: the same shape; in evaluation x itself.

    Raises:
        ValueError: if p is out of range.

    >>> torch.equal(Dropout(0.5).eval()(x := torch.rand(3, 2, 4)), x)
    True
    """

    def __init__(self, p: float = 0.5, *, same_over_time: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout expects p from 0 to 1, got {p!r}.")
        self.p, self.same_over_time = p, same_over_time

    def forward(self, x: Tensor) -> Tensor:
        """Drop values of ``x`` [T, B, ...]."""
        if not self.same_over_time or not self.training:
            return F.dropout(x, self.p, self.training)
        return x * F.dropout(torch.ones_like(x[:1]), self.p)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"p={self.p}, same_over_time={self.same_over_time}"
