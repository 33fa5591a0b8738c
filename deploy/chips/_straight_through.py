"""Roundings in torch: whole numbers forward, straight through backward."""

from typing import Protocol

import torch
from torch import Tensor


class StraightThrough(Protocol):
    """One step of a neuron of a chip, in units of weights; equal to `Chip.advance`."""

    def buffers(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Share of the weights `[S]` that each buffer takes."""

    def arriving(self, sums: Tensor) -> Tensor:
        """Addition of the sums of one projection and delay to a buffer `[BUFFERS, B, N]`."""

    def given(self, arrived: Tensor, exponent: int) -> Tensor:
        """Input `[B, N]` of the contents of the buffers `[BUFFERS, B, N]`."""

    def current(self, u: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """Currents that decay `[B, N]`, where a chip has them."""

    def membrane(self, v: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """Membranes before the reset `[B, N]`, of an input or a current."""


def rounded(x: Tensor) -> Tensor:
    """The nearest whole number, with the gradient of x."""
    return _through(x, torch.round(x))


def floored(x: Tensor) -> Tensor:
    """The next lower whole number, with the gradient of x."""
    return _through(x, torch.floor(x))


def truncated(x: Tensor) -> Tensor:
    """The next whole number towards zero, with the gradient of x."""
    return _through(x, torch.trunc(x))


def _through(x: Tensor, whole: Tensor) -> Tensor:
    # in this order the value is whole to the last bit
    return whole.detach() + (x - x.detach())
