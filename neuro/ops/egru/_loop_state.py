"""Tensors of a loop of event-based gated units beside those of their input."""

from typing import NamedTuple

from torch import Tensor


class LoopState(NamedTuple):
    """State after a step.

    Attributes:
        y: output of that step [B, N].
        c: state after the reset [B, N].
    """

    y: Tensor
    c: Tensor
