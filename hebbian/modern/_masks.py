"""Masks of stored patterns, as numbers that are added to the logits."""

from typing import Any

import torch
from torch import Tensor

Mask = Tensor | None
"""What a layer takes as a mask: none by default."""


def _look(bias: Tensor, who: str) -> Tensor:
    """Refuse a bias [..., N] that leaves some state nothing, or adds NaN or infinity; else False.

    On a GPU this waits for the masks: what is refused must not depend on where they lie.
    """
    empty = torch.isneginf(bias).all(-1)
    strange = bias.isnan() | bias.isposinf()
    wrong = torch.stack([empty.any(), strange.any()])
    if wrong.any():
        if wrong[1]:
            where = tuple(int(i) for i in strange.nonzero()[0])
            raise ValueError(
                f"{who}: the masks hold {bias[where].item()} at index {where}: they are added to "
                "the logits, so write finite numbers, and -inf to ignore a pattern."
            )
        where = tuple(int(i) for i in empty.nonzero()[0])
        raise ValueError(
            f"{who}: the masks leave no stored pattern at index {where}. True means ignore: was "
            "the mask meant the other way round? Write ~mask. Leave out states and sets for which "
            "there is nothing to find."
        )
    return wrong.new_zeros(())


# An operator, because a compiler traces through Python without looking at values; it waits for
# them, so that it cannot be recorded into a CUDA graph.
_looked_at = torch.library.custom_op(
    "axonal::hopfield_masks", _look, mutates_args=(), tags=(torch.Tag.cudagraph_unsafe,)
)


@_looked_at.register_fake
def _(bias: Tensor, who: str) -> Tensor:
    return bias.new_empty((), dtype=torch.bool)


@_looked_at.register_vmap
def _(info: Any, in_dims: Any, bias: Tensor, who: str) -> tuple[Tensor, None]:
    return _looked_at(bias.movedim(in_dims[0], 0), who), None


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
    """Add what is given; refuse masks that leave some state no pattern, or are no numbers."""
    given = [bias for bias in biases if bias is not None]
    if not given:
        return None
    total = sum(given[1:], start=given[0])
    # the answer is always False; it is used, so that no compiler leaves the question out
    return total.masked_fill(_looked_at(total.detach(), who), 0.0)


def _as_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros_like(mask, dtype=dtype).masked_fill(mask, -torch.inf)
