"""Gradients of the WKV recurrence, as a backward pass of kernels fills them."""

from typing import NamedTuple

from torch import Tensor


class Gradients(NamedTuple):
    """Gradients to fill, to add to or to move.

    Attributes:
        k: to fill [T, B, C].
        v: to fill [T, B, C].
        w: to add to, of every sample [B, C].
        u: likewise [B, C].
        p: that of p after the last step, to move to that of p before the first [B, C].
        q: likewise [B, C].
    """

    k: Tensor
    v: Tensor
    w: Tensor
    u: Tensor
    p: Tensor
    q: Tensor
