"""Delayed connections as a convolution over time with a dense kernel: the definition."""

import contextlib

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops.delayed_linear._synapses import Synapses

EPSILON = 1e-7  # the guard of the original normaliser; part of the published kernel


def within(first: Tensor, delay: Tensor, max_delay: int) -> Tensor:
    """Return the first taps as indices, or refuse those at which nothing can be read."""
    outside = ~((first >= 0) & (first <= max_delay))
    found = False
    if not torch.compiler.is_compiling() and delay.is_cpu:
        with contextlib.suppress(RuntimeError):  # inside vmap no value can be read
            found = bool(outside.any())
    if found:
        raise ValueError(
            f"delayed_linear expects delays from 0 to max_delay = {max_delay} steps, got "
            f"{delay[outside][0].item():g}: clip them, or look where a NaN comes from."
        )
    return first.long()


def gaussian_kernel(weight: Tensor, delay: Tensor, sigma: Tensor | float, max_delay: int) -> Tensor:
    """Spread each weight over the taps near its delay, ``k_j = w g_j / (sum g + 1e-7)``."""
    taps = torch.arange(max_delay + 1, dtype=delay.dtype, device=delay.device)
    g = torch.exp(-0.5 * ((taps - delay.unsqueeze(-1)) / sigma).square())
    return weight.unsqueeze(-1) * g / (g.sum(-1, keepdim=True) + EPSILON)


def triangle_kernel(weight: Tensor, delay: Tensor, sigma: Tensor | float, max_delay: int) -> Tensor:
    """Spread each weight over a triangle around its delay, ``k_j = w g_j / (sum g + 1e-7)``."""
    taps = torch.arange(max_delay + 1, dtype=delay.dtype, device=delay.device)
    g = (sigma - (taps - delay.unsqueeze(-1)).abs()).relu()
    return weight.unsqueeze(-1) * g / (g.sum(-1, keepdim=True) + EPSILON)


def two_tap_kernel(weight: Tensor, delay: Tensor, max_delay: int) -> Tensor:
    """Interpolate linearly between the whole steps around each delay."""
    if max_delay == 0:
        return weight.unsqueeze(-1)
    early = delay.detach().floor().clamp(max=max_delay - 1)
    late_share = delay - early
    index = within(early, delay, max_delay).unsqueeze(-1)
    kernel = weight.new_zeros(*weight.shape, max_delay + 1)
    kernel = kernel.scatter(-1, index, (weight * (1 - late_share)).unsqueeze(-1))
    return kernel.scatter(-1, index + 1, (weight * late_share).unsqueeze(-1))


def one_tap_kernel(weight: Tensor, delay: Tensor, max_delay: int) -> Tensor:
    """Put each weight on the whole step nearest to its delay."""
    kernel = weight.new_zeros(*weight.shape, max_delay + 1)
    index = within(delay.round(), delay, max_delay).unsqueeze(-1)
    return kernel.scatter(-1, index, weight.unsqueeze(-1))


def straight_through_kernel(
    weight: Tensor, delay: Tensor, sigma: Tensor | float, max_delay: int
) -> Tensor:
    """Put each weight on one whole step, and let the delay learn as if it were a Gaussian."""
    blurred = gaussian_kernel(weight.detach(), delay, sigma, max_delay)
    return one_tap_kernel(weight, delay, max_delay) + (blurred - blurred.detach())


def delay_kernel(
    weight: Tensor, delay: Tensor, sigma: Tensor | float, kernel: str, max_delay: int
) -> Tensor:
    """Build the dense kernel [O, I, max_delay + 1]; entry j is the weight at a delay of j steps."""
    if kernel == "gaussian":
        return gaussian_kernel(weight, delay, sigma, max_delay)
    if kernel == "triangle":
        return triangle_kernel(weight, delay, sigma, max_delay)
    if kernel == "two-tap":
        return two_tap_kernel(weight, delay, max_delay)
    if kernel == "one-tap":
        return one_tap_kernel(weight, delay, max_delay)
    if kernel == "straight-through":
        return straight_through_kernel(weight, delay, sigma, max_delay)
    raise ValueError(
        f"unknown delay kernel {kernel!r}; known: gaussian, triangle, two-tap, one-tap, "
        "straight-through."
    )


def delayed_linear(x: Tensor, history: Tensor, synapses: Synapses) -> tuple[Tensor, Tensor]:
    """Run over ``x``; see :func:`axonal.neuro.ops.delayed_linear.delayed_linear`."""
    dense = delay_kernel(*synapses)
    padded = torch.cat((history, x))
    # conv1d cross-correlates: its tap n meets the input of max_delay - n steps ago
    y = F.conv1d(padded.permute(1, 2, 0), dense.flip(-1)).permute(2, 0, 1)
    return y, padded[padded.shape[0] - synapses.max_delay :]
