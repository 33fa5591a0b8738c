"""Factors held by a layer, and their meaning after a change of precision."""

import math

import torch
from torch import Tensor, nn

from axonal.neuro import _checks


def _meaning(name: str, held: Tensor) -> tuple[Tensor, float, float] | None:
    """Return the value behind a parameter or a buffer, and the bounds that it may not reach."""
    if name.endswith("_logit"):
        return torch.sigmoid(held), 0.0, 1.0
    if name == "log_threshold":
        return held.exp(), 0.0, math.inf
    if name in ("threshold_level", "beta", "omega_factor", "k"):
        return held, 0.0, math.inf
    if name.endswith("_factor"):
        # a decay of 0, nothing that is kept, differs by nothing from a tiny one
        return held, -math.inf, 1.0
    return None


def lost(module: nn.Module, name: str, before: Tensor, after: Tensor) -> str | None:
    """Return the complaint in one line if rounding changes the meaning of a factor, or ``None``.

    >>> decay = torch.tensor(0.9999)
    >>> lost(nn.Identity(), "decay_factor", decay, decay.half())
    'Identity: decay_factor = 0.9999 becomes 1 in float16, where it means something else: \
keep float32, or choose another value.'
    """
    if "meta" in (before.device.type, after.device.type):
        return None
    exact, rounded = _meaning(name, before), _meaning(name, after)
    if exact is None or rounded is None:
        return None
    values, low, high = exact
    inside = ((values > low) & (values < high)).to(after.device)
    moved = inside & ~((rounded[0] > low) & (rounded[0] < high))
    if not moved.any():
        return None
    was, now = (a.expand_as(moved)[moved.to(a.device)][0].item() for a in (values, rounded[0]))
    return (
        f"{_checks.name_of(module)}: {name} = {was:g} becomes {now:g} in "
        f"{_checks.short(after.dtype)}, where it means something else: keep "
        f"{_checks.short(before.dtype)}, or choose another value."
    )
