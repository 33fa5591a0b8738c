"""Modules of batches, applied to every step of a sequence."""

from typing import Any

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import _apart


def over_time(module: Any, x: Tensor) -> Tensor:
    """Apply a function of a batch [B, ...] to a sequence [T, B, ...], a batch of T B samples."""
    flat = x.flatten(0, 1)
    here = module if isinstance(module, nn.Module) else None
    if here is not None:
        # a compiler sees what was looked at when the Network was made
        reason = None if _checks.compiling() else _apart.problem(here)
        reason = f"{_checks.name_of(here)} {reason}" if reason else None
        reason = reason or _apart.shape_problem(here, flat.ndim)
        if reason:
            raise _checks.InputError(f"{reason} x is {tuple(x.shape)}.", here)
    y: Tensor = module(flat)
    if not isinstance(y, Tensor) or y.ndim == 0 or y.shape[0] != flat.shape[0]:
        made = _checks.shape_or_type(y)
        raise _checks.InputError(
            f"{getattr(module, '__name__', type(module).__name__)} must keep every sample apart: "
            f"it made {made} of the {len(flat)} samples {tuple(flat.shape)}.",
            here,
        )
    steps: Tensor = y.unflatten(0, x.shape[:2])
    return steps


class Lift(nn.Module):
    """Apply a module made for batches [B, ...] to every step of a sequence [T, B, ...].

    A Network lifts the modules of ``torch.nn`` by itself; wrap a stateless module of your own to
    keep it in one piece.

    Args:
        module: any module without memory; it sees the T B samples as one batch.

    Returns:
        Called with x [T, B, ...]: y [T, B, ...].

    >>> import torch
    >>> Lift(nn.MaxPool2d(2))(torch.zeros(5, 2, 3, 8, 8)).shape
    torch.Size([5, 2, 3, 4, 4])
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Apply the module to ``x`` [T, B, ...]."""
        if not isinstance(x, Tensor) or x.ndim < 2:
            got = _checks.shape_or_type(x)
            raise _checks.InputError(f"Lift expects x [T, B, ...], got {got}.", self)
        return over_time(self.module, x)
