"""Leaky integrate-and-fire that scales and rectifies its potential before the threshold."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.neuron_loop.kinds._kind import Kind
from axonal.neuro.ops.neuron_loop.kinds._parameters import Parameters
from axonal.neuro.surrogates._surrogate import spike


def step(
    x: Tensor, v: Tensor, a: Tensor, wait: Tensor | None, p: Parameters, convention: Convention
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run one step, f = relu(other h), which fires and is reset; a stays."""
    decay_input, reset, detach_reset, _, surrogate, alpha = convention
    h = p.decay * v + ((1 - p.decay) * x if decay_input else x)
    f = torch.relu(p.other * h)
    s = spike(f - p.threshold, surrogate, alpha)
    r = s.detach() if detach_reset else s
    return s, f * (1 - r) if reset == "zero" else f - p.threshold * r, a, wait


def step_back(
    x: Tensor, v: Tensor, a: Tensor, wait: Tensor | None, p: Parameters, convention: Convention
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run one step as `step`, and divide the potential after the reset by the factor."""
    s, v, a, wait = step(x, v, a, wait, p, convention)
    return s, v / p.other, a, wait


def scale(h: Any, other: Any, zero: Any) -> Any:
    """Scaled and rectified potential; of no number it is none."""
    f = other * h
    return zero if f <= zero else f


def of_scale(g: Any, h: Any, other: Any, zero: Any) -> Any:
    """Gradient of the potential."""
    return other * g if other * h > zero else zero


def of_factor(g: Any, h: Any, g_v: Any, v: Any, other: Any, zero: Any) -> Any:
    """Gradient of the factor."""
    return h * g if other * h > zero else zero


def unscale(v: Any, other: Any) -> Any:
    """Potential divided by the factor."""
    return v / other


def of_factor_twice(g: Any, h: Any, g_v: Any, v: Any, other: Any, zero: Any) -> Any:
    """Gradient of the factor, through the division as well."""
    return (h * g if other * h > zero else zero) - g_v * v / other


KLIF = Kind(step, scaled=True, scale=scale, of_scale=of_scale, of_factor=of_factor)
KLIF_BACK = Kind(
    step_back,
    scaled=True,
    scale=scale,
    unscale=unscale,
    of_scale=of_scale,
    of_unscale=unscale,
    of_factor=of_factor_twice,
)
