"""Delayed synapses as the operator and its kernels hand them on."""

from typing import NamedTuple

from torch import Tensor


class Synapses(NamedTuple):
    """Weights and what spreads them over time.

    Attributes:
        weight: [O, I].
        delay: in steps [O, I], 0 to ``max_delay``.
        sigma: width of the kernel in steps; a tensor for an operator of torch and a GPU.
        kernel: one of :data:`axonal.neuro.ops.delayed_linear.KERNELS`.
        max_delay: the longest delay in steps.
    """

    weight: Tensor
    delay: Tensor
    sigma: Tensor | float
    kernel: str
    max_delay: int
