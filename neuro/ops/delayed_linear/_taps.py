"""The taps of every synapse that are not zero, and how they follow weight and delay."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.ops._dispatch import COMPILED
from axonal.neuro.ops.delayed_linear.reference import EPSILON, within

WIDE = ("gaussian", "triangle", "straight-through")
"""Kernels whose number of taps follows their width."""


class Taps(NamedTuple):
    """Taps of all synapses.

    Attributes:
        first: delay of the first tap in steps, int64 [O, I]; the others follow step by step.
        share: share of the weight on each tap [O, I, K].
        slope: derivative of ``share`` with respect to the delay [O, I, K], or what stands for it.
    """

    first: Tensor
    share: Tensor
    slope: Tensor


def reach(sigma: float, dtype: torch.dtype) -> int:
    """Return the steps from its centre beyond which a Gaussian is zero in this precision.

    Raises:
        ValueError: if the width is not a positive number.

    >>> reach(0.5, torch.float32)
    3
    """
    if not 0 < sigma < math.inf:
        raise ValueError(f"delayed_linear expects sigma > 0 steps, got {sigma!r}.")
    return math.ceil(sigma * math.sqrt(-2 * math.log(torch.finfo(dtype).eps / 4)))


def count(kernel: str, sigma: float, max_delay: int, dtype: torch.dtype) -> int:
    """Return the taps per synapse that can differ from zero.

    >>> count("gaussian", 0.5, 25, torch.float32), count("triangle", 1.5, 25, torch.float32)
    (6, 3)
    """
    if kernel in ("gaussian", "straight-through"):
        most = 2 * reach(sigma, dtype)
    elif kernel == "triangle":
        most = math.ceil(2 * sigma)
    else:
        most = {"one-tap": 1, "two-tap": 2}[kernel]
    return min(most, max_delay + 1)


def few(
    sigma: Tensor | float, kernel: str, max_delay: int, dtype: torch.dtype, dense: float
) -> bool:
    """Return whether a kernel has fewer taps than this share of all, as far as that can be read."""
    if kernel not in WIDE:
        return True
    unread = isinstance(sigma, Tensor) and (sigma.is_cuda or sigma.is_meta)
    if unread or torch.compiler.is_compiling() or dtype not in COMPILED:
        # the value of the width cannot be read now
        return True
    return count(kernel, float(sigma), max_delay, dtype) < dense * (max_delay + 1)


def taps(delay: Tensor, sigma: float, kernel: str, max_delay: int) -> Taps:
    """Spread delays [O, I] over taps, as `axonal.neuro.ops.delayed_linear.delayed_linear` says.

    Raises:
        ValueError: if a tap would lie before 0 or after ``max_delay``.
    """
    number = count(kernel, sigma, max_delay, delay.dtype)
    if kernel in ("gaussian", "straight-through"):
        # an index must hold it, however wide the Gaussian is
        before = min(reach(sigma, delay.dtype), max_delay + 1)
        first = delay.floor().long() + 1 - before
        first = first.clamp(min=0, max=max_delay + 1 - number)
        steps = torch.arange(number, dtype=delay.dtype, device=delay.device)
        z = ((first - delay).unsqueeze(-1) + steps).div_(sigma)
        share = z.square().mul_(-0.5).exp_()
        share /= share.sum(-1, keepdim=True) + EPSILON
        slope = z.mul_(share).div_(sigma)
        slope = slope.addcmul(share, slope.sum(-1, keepdim=True), value=-1)
        if kernel == "straight-through":
            share = (steps == (delay.round() - first).unsqueeze(-1)).to(delay.dtype)
        return Taps(first, share, slope)
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
        # the only tap of two takes any delay
        whole = torch.zeros_like(delay) if kernel == "two-tap" else delay.round()
        return Taps(within(whole, delay, max_delay), one, torch.zeros_like(one))
    first = delay.floor().clamp(max=max_delay - 1)
    late = delay - first
    one = torch.ones_like(late)
    return Taps(
        within(first, delay, max_delay),
        torch.stack((1 - late, late), -1),
        torch.stack((-one, one), -1),
    )
