"""State of the WKV recurrence."""

from typing import NamedTuple

from torch import Tensor

EMPTY = -1e38
"""Exponent of sums that nothing was added to, in single precision still a number."""

SEGMENT = 16
"""Steps between two states that are kept for the backward pass."""


class WKVState(NamedTuple):
    """Sums of all that came, divided by a common factor.

    Attributes:
        p: sum of the weighted values, divided by exp(o) [B, C].
        q: sum of the weights, divided by exp(o) [B, C].
        o: exponent of the largest weight [B, C].
    """

    p: Tensor
    q: Tensor
    o: Tensor

    @classmethod
    def rest(cls, like: Tensor) -> "WKVState":
        """Return the state before anything came, for one step ``like`` [B, C].

        >>> import torch
        >>> WKVState.rest(torch.ones(2, 3)).q.sum()
        tensor(0.)
        """
        nothing = like.new_zeros(like.shape)
        return cls(nothing, nothing, like.new_full(like.shape, EMPTY))
