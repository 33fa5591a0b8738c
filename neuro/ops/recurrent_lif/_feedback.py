"""Tensors of a loop of neurons beside those of single neurons."""

from typing import NamedTuple

from torch import Tensor


class LoopState(NamedTuple):
    """State after a step.

    Attributes:
        spikes: of that step [B, N].
        v: potential [B, N].
        wait: refractory steps left int32 [B, N], or ``None``.
    """

    spikes: Tensor
    v: Tensor
    wait: Tensor | None


class Feedback(NamedTuple):
    """Product ``W s_{t-1} + b`` that neurons hear at step t.

    Attributes:
        before: spikes of the last step before the first [B, N].
        weight: W [N, N], the row of a neuron its inputs.
        bias: b [N].
    """

    before: Tensor
    weight: Tensor
    bias: Tensor
