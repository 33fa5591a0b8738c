"""Gradients of event-based gated units."""

from typing import NamedTuple

from torch import Tensor


class Gradients(NamedTuple):
    """Gradients that the backward pass fills.

    Attributes:
        x: that of x [T, B, 3N].
        back: that of W y + b [T, B, 3N].
        y: that of the output before the first step [B, N].
        c: that of the state before the first step [B, N].
        threshold: that of theta, per sample [B, N].
    """

    x: Tensor
    back: Tensor
    y: Tensor
    c: Tensor
    threshold: Tensor
