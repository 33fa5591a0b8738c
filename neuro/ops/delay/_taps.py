"""The taps of every synapse that are not zero, and how they follow weight and delay."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.ops.delay.reference import EPSILON


class Taps(NamedTuple):
    """Taps of all synapses.

    Attributes:
        first: delay of the first tap in steps, int64 [O, I]; the others follow step by step.
        share: share of the weight on each tap [O, I, K].
        slope: derivative of ``share`` with respect to the delay [O, I, K].
    """

    first: Tensor
    share: Tensor
    slope: Tensor


def reach(sigma: float, dtype: torch.dtype) -> int:
    """Steps from its centre beyond which a Gaussian is nothing in the precision of ``dtype``.

    >>> reach(0.5, torch.float32)
    3
    """
    return math.ceil(sigma * math.sqrt(-2 * math.log(torch.finfo(dtype).eps / 4)))


def count(kernel: str, sigma: float, max_delay: int, dtype: torch.dtype) -> int:
    """Taps a synapse that can differ from zero.

    >>> count("gaussian", 0.5, 25, torch.float32), count("triangle", 1.5, 25, torch.float32)
    (6, 3)
    """
    if kernel in ("gaussian", "triangle"):
        most = 2 * reach(sigma, dtype) if kernel == "gaussian" else math.ceil(2 * sigma)
    else:
        most = {"one-tap": 1, "two-tap": 2}[kernel]
    return min(most, max_delay + 1)


def taps(delay: Tensor, sigma: float, kernel: str, max_delay: int) -> Taps:
    """Spread delays [O, I] over taps, as `axonal.neuro.ops.delay.delayed_linear` says."""
    number = count(kernel, sigma, max_delay, delay.dtype)
    if kernel == "gaussian":
        first = delay.floor().long() + 1 - reach(sigma, delay.dtype)
        first = first.clamp(min=0, max=max_delay + 1 - number)
        steps = torch.arange(number, dtype=delay.dtype, device=delay.device)
        z = ((first - delay).unsqueeze(-1) + steps).div_(sigma)
        share = z.square().mul_(-0.5).exp_()
        share /= share.sum(-1, keepdim=True) + EPSILON
        slope = z.mul_(share).div_(sigma)
        return Taps(first, share, slope.addcmul(share, slope.sum(-1, keepdim=True), value=-1))
    if kernel == "triangle":
        first = (delay - sigma).floor().long() + 1
        first = first.clamp(min=0, max=max_delay + 1 - number)
        steps = torch.arange(number, dtype=delay.dtype, device=delay.device)
        late = (first - delay).unsqueeze(-1) + steps
        share = (sigma - late.abs()).relu()
        total = share.sum(-1, keepdim=True) + EPSILON
        slope = late.sign() * (share > 0) / total
        share = share / total
        return Taps(first, share, slope - share * slope.sum(-1, keepdim=True))
    if number == 1:
        one = torch.ones_like(delay).unsqueeze(-1)
        return Taps(delay.round().long(), one, torch.zeros_like(one))
    first = delay.floor().clamp(max=max_delay - 1)
    late = delay - first
    one = torch.ones_like(late)
    return Taps(first.long(), torch.stack((1 - late, late), -1), torch.stack((-one, one), -1))
