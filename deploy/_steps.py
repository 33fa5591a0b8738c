"""The arithmetic of chips in torch: whole numbers forward, straight through roundings backward."""

from typing import Protocol

import torch
from torch import Tensor

from axonal.deploy.chips import loihi2, spinnaker


class Step(Protocol):
    """What a neuron of a chip does in a step, in units of weights; equal to `Chip.advance`."""

    def buffers(self, weight: Tensor) -> tuple[Tensor, ...]:
        """What each buffer takes of the weights `[S]`."""

    def arriving(self, sums: Tensor) -> Tensor:
        """What sums of one projection and delay add to a buffer `[BUFFERS, B, N]`."""

    def membrane(self, v: Tensor, arrived: Tensor, decay: Tensor, exponent: int) -> Tensor:
        """Membranes before the reset `[B, N]`, of what arrived `[BUFFERS, B, N]`."""


class Loihi2:
    """One sum, each part of it rounded down; see `axonal.deploy.chips.loihi2`."""

    def buffers(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Everything in one."""
        return (weight,)

    def arriving(self, sums: Tensor) -> Tensor:
        """Whole sums."""
        return floored(sums)

    def membrane(self, v: Tensor, arrived: Tensor, decay: Tensor, exponent: int) -> Tensor:
        """The decayed membrane, rounded towards zero, and the sum."""
        h = _truncated(v * loihi2.UNIT * decay) + arrived[0] * loihi2.UNIT
        return torch.clamp(h, 1 - loihi2.LARGEST, loihi2.LARGEST - 1) / loihi2.UNIT


class SpiNNaker:
    """Ring buffers for each sign that saturate; see `axonal.deploy.chips.spinnaker`."""

    def buffers(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Positive weights, and negative ones without their sign."""
        return weight.clamp(min=0), weight.clamp(max=0).neg()

    def arriving(self, sums: Tensor) -> Tensor:
        """The sums as they are."""
        return sums

    def membrane(self, v: Tensor, arrived: Tensor, decay: Tensor, exponent: int) -> Tensor:
        """The membrane on its way to the input."""
        excitatory, inhibitory = arrived.clamp(max=spinnaker.WEIGHT * 2.0**exponent)
        given: Tensor = excitatory - inhibitory
        return given - floored((given - v) * decay * spinnaker.UNIT) / spinnaker.UNIT


STEPS: dict[str, Step] = {"loihi2": Loihi2(), "spinnaker": SpiNNaker()}


def rounded(x: Tensor) -> Tensor:
    """The nearest whole number, with the gradient of x."""
    return _through(x, torch.round(x))


def floored(x: Tensor) -> Tensor:
    """The next lower whole number, with the gradient of x."""
    return _through(x, torch.floor(x))


def _truncated(x: Tensor) -> Tensor:
    return _through(x, torch.trunc(x))


def _through(x: Tensor, whole: Tensor) -> Tensor:
    # in this order the value is whole to the last bit
    return whole.detach() + (x - x.detach())
