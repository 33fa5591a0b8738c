"""Tensors that a forward pass of a loop of LIF keeps for its backward pass."""

from typing import NamedTuple

from torch import Tensor


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
