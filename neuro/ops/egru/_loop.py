"""Tensors of a loop of event-based gated units."""

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


class Feedback(NamedTuple):
    """Product ``W y_{t-1} + b`` that units hear at step t.

    Attributes:
        weight: W [3N, N], a row per unit of each of the gates z, r and g.
        bias: b [3N].
    """

    weight: Tensor
    bias: Tensor


class Events(NamedTuple):
    """When units send, and what a gradient makes of it.

    Attributes:
        threshold: theta [N], >= 0.
        damping: height of the pseudo-derivative.
        support: the inverse of its half-width.
    """

    threshold: Tensor
    damping: float
    support: float
