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

    def given(self, arrived: Tensor, exponent: int) -> Tensor:
        """The input `[B, N]` of what arrived `[BUFFERS, B, N]`."""

    def current(self, u: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """Currents that decay `[B, N]`, where a chip has them."""

    def membrane(self, v: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """Membranes before the reset `[B, N]`, of an input or a current."""


class Loihi2:
    """One sum, each part of it rounded down; see `axonal.deploy.chips.loihi2`."""

    def buffers(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Everything in one."""
        return (weight,)

    def arriving(self, sums: Tensor) -> Tensor:
        """Whole sums."""
        return floored(sums)

    def given(self, arrived: Tensor, exponent: int) -> Tensor:
        """The sum."""
        return arrived[0]

    def current(self, u: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """The decayed current, rounded towards zero, and the sum."""
        return _truncated(u * loihi2.UNIT * decay) / loihi2.UNIT + given

    def membrane(self, v: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """The decayed membrane, rounded towards zero, and the input."""
        h = _truncated(v * loihi2.UNIT * decay) + given * loihi2.UNIT
        return torch.clamp(h, 1 - loihi2.LARGEST, loihi2.LARGEST - 1) / loihi2.UNIT


class SpiNNaker:
    """Ring buffers for each sign that saturate; see `axonal.deploy.chips.spinnaker`."""

    def buffers(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Positive weights, and negative ones without their sign."""
        return weight.clamp(min=0), weight.clamp(max=0).neg()

    def arriving(self, sums: Tensor) -> Tensor:
        """The sums as they are."""
        return sums

    def given(self, arrived: Tensor, exponent: int) -> Tensor:
        """What excites less what inhibits."""
        excitatory, inhibitory = arrived.clamp(max=spinnaker.WEIGHT * 2.0**exponent)
        given: Tensor = excitatory - inhibitory
        return given

    def current(self, u: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """Its neuron has no current that decays, and `quantize` refuses one that has."""
        raise NotImplementedError("the neuron of spinnaker has no current that decays")

    def membrane(self, v: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """The membrane on its way to the input."""
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
