"""Masks of connections that exist."""

from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro import _checks


def connectivity(module: nn.Module, mask: Any, shape: torch.Size) -> Tensor | None:
    """Check a connectivity mask of 0 and 1 against the weight's shape; ``None`` stays ``None``."""
    if mask is None:
        return None
    who = _checks.name_of(module)
    synapses = torch.as_tensor(mask)
    if synapses.shape != shape:
        raise ValueError(
            f"{who} expects a mask of the weight's shape {tuple(shape)} (outputs first), "
            f"got {tuple(synapses.shape)}."
        )
    if not ((synapses == 0) | (synapses == 1)).all():
        raise ValueError(f"{who} expects a mask of 0 and 1 only.")
    return synapses.to(torch.get_default_dtype())


def synapses(mask: Tensor | None) -> str:
    """Return how many synapses a mask leaves, as ``print(layer)`` shows it."""
    return "" if mask is None else f", synapses={int(mask.sum())}"


def rescale_to_fan_in(weight: Tensor, mask: Tensor) -> None:
    """Scale a dense initialisation so that sparse units receive the same input variance."""
    fan_in = mask.flatten(1).sum(1).clamp(min=1)
    scale = (mask[0].numel() / fan_in).sqrt().reshape(-1, *[1] * (weight.ndim - 1))
    with torch.no_grad():
        weight.mul_(scale).mul_(mask)
