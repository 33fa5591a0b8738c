"""Tensors that a forward pass of neurons of any kind keeps for its backward pass."""

from typing import NamedTuple

from torch import Tensor


class Kept(NamedTuple):
    """What the backward pass starts from, besides the first state.

    Attributes:
        spikes: of all steps [T, B, ...].
        h: potentials before the reset [T, B, ...].
        a: second numbers after the step [T, B, ...]; nothing [0, ...] of a kind without.
        held: int8 [T, B, ...], 1 where input is ignored; nothing without refractory steps.
    """

    spikes: Tensor
    h: Tensor
    a: Tensor
    held: Tensor
