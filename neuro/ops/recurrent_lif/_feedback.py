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


class Kept(NamedTuple):
    """What a backward pass starts from, besides the first state.

    Attributes:
        x: input [T, B, N], from which h is computed again; ``None`` where h is kept.
        spikes: those of all steps [T, B, N].
        h: potentials before the reset [T, B, N]; nothing [0, B, N] where x is kept.
    """

    x: Tensor | None
    spikes: Tensor
    h: Tensor
