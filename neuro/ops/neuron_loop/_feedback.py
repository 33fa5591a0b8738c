"""Connections from the spikes of neurons back to their inputs."""

from typing import NamedTuple

from torch import Tensor


class Feedback(NamedTuple):
    """What a neuron hears of the others: ``b + sum_ij k_ij s_i(t - 1 - j)``.

    Attributes:
        past: spikes of the last steps before the first, the oldest first [max_delay + 1, B, N].
        weight: [N, N], the row of a neuron its inputs; nothing [0, 0] without feedback.
        bias: b [N].
        delay: in steps [N, N], 0 to ``max_delay``; nothing [0, 0] where all are 0.
        sigma: width of the kernel in steps.
        kernel: one of :data:`axonal.neuro.ops.delayed_linear.KERNELS`, "" where all delays are 0.
        max_delay: the longest delay in steps, beyond the one step of the loop.
    """

    past: Tensor
    weight: Tensor
    bias: Tensor
    delay: Tensor
    sigma: Tensor
    kernel: str
    max_delay: int
