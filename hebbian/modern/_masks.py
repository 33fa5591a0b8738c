"""Masks of stored patterns, as numbers that are added to the logits."""

import torch
from torch import Tensor

from axonal.hebbian.modern import _checks


def padding(mask: Tensor | None, stored: Tensor, who: str) -> Tensor | None:
    """Turn a mask [..., N] (True: ignore) into a bias [..., 1, N], or None."""
    if mask is None:
        return None
    shape = tuple(stored.shape[:-1])
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool or tuple(mask.shape) != shape:
        got = f"{tuple(mask.shape)} of {mask.dtype}" if isinstance(mask, Tensor) else f"{mask!r}"
        raise ValueError(
            f"{who} expects the mask of stored patterns {shape} as bool, True to ignore one, got "
            f"{got}."
        )
    return _as_bias(mask, stored.dtype).unsqueeze(-2)


def association(mask: Tensor | None, state: Tensor, stored: Tensor, who: str) -> Tensor | None:
    """Turn a mask or bias [S, N], [B, S, N] or [B, H, S, N] into a bias with four axes, or None."""
    if mask is None:
        return None
    batch, heads, states, number = *state.shape[:3], stored.shape[2]
    full = (batch, heads, states, number)
    allowed = {2: full[2:], 3: (batch, states, number), 4: full}
    if not isinstance(mask, Tensor) or tuple(mask.shape) != allowed.get(mask.ndim):
        got = tuple(mask.shape) if isinstance(mask, Tensor) else type(mask).__name__
        raise ValueError(
            f"{who} expects association_mask [S, N], [B, S, N] or [B, heads, S, N] with (B, heads, "
            f"S, N) = {full}, got {got}."
        )
    if mask.dtype != torch.bool and not mask.is_floating_point():
        raise TypeError(
            f"{who} expects association_mask as bool (True to ignore) or floating point (added), "
            f"got {mask.dtype}: write mask.bool()."
        )
    bias = _as_bias(mask, stored.dtype) if mask.dtype == torch.bool else mask.to(stored.dtype)
    return bias.unsqueeze(1) if bias.ndim == 3 else bias


def together(who: str, *biases: Tensor | None) -> Tensor | None:
    """Add what is given; refuse masks that leave some state no pattern."""
    given = [bias for bias in biases if bias is not None]
    if not given:
        return None
    total = sum(given[1:], start=given[0])
    _checks.nothing_left(total, who)
    return total


def _as_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros_like(mask, dtype=dtype).masked_fill(mask, -torch.inf)
