"""Connections some of which do not exist."""

from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro import _checks


class Masked(nn.Module):
    """Connections with an optional mask, to stand before the torch module that holds the weights.

    Attributes:
        weight: outputs first, of a torch module or of the layer itself.
        mask: 0 or 1 in the shape of ``weight``, a buffer; ``None`` if every connection exists.
    """

    weight: Tensor
    mask: Tensor | None

    def _hold_mask(self, given: Any) -> None:
        """Check a mask, hold it, and scale weights that are initialised for dense connections."""
        mask = None if given is None else _connectivity(self, given)
        self.register_buffer("mask", mask)
        if mask is not None:
            # sparse units receive the same input variance
            fan_in = mask.flatten(1).sum(1).clamp(min=1)
            scale = (mask[0].numel() / fan_in).sqrt().reshape(-1, *[1] * (mask.ndim - 1))
            with torch.no_grad():
                self.weight.mul_(scale).mul_(mask)

    @property
    def masked_weight(self) -> Tensor:
        """The weights in force, in the shape of ``weight``."""
        return self.weight if self.mask is None else self.weight * self.mask

    def _synapses(self) -> str:
        """Return how many synapses the mask leaves, as ``print(layer)`` shows it."""
        return "" if self.mask is None else f", synapses={int(self.mask.sum())}"

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{super().extra_repr()}{self._synapses()}"


def _connectivity(module: Masked, given: Any) -> Tensor:
    """Return a mask of 0 and 1 in the weight's shape; refuse everything else."""
    who, shape = _checks.name_of(module), module.weight.shape
    mask = torch.as_tensor(given)
    if mask.shape != shape:
        raise ValueError(
            f"{who} expects a mask of the weight's shape {tuple(shape)} (outputs first), "
            f"got {tuple(mask.shape)}."
        )
    if _checks.found(~((mask == 0) | (mask == 1))):
        raise ValueError(f"{who} expects a mask of 0 and 1 only.")
    return mask.to(torch.get_default_dtype())
