"""Tensors that a forward pass of event-based gated units keeps for its backward pass."""

from typing import NamedTuple

from torch import Tensor


class Kept(NamedTuple):
    """Tensors that a backward pass starts from, besides the first state.

    Attributes:
        gates: z, r and g [T, B, 3N].
        heard: b_g, which r scales [T, B, N].
        y: output of every step [T, B, N].
        c: state of every step [T, B, N].
    """

    gates: Tensor
    heard: Tensor
    y: Tensor
    c: Tensor
