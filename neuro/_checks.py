"""Input checks: one module, so that every message says what was expected, what came and what to do."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree


class InputError(ValueError):
    """An input that a layer refuses; a Network puts the layer's path in front of the message."""

    def __init__(self, message: str, module: nn.Module | None = None) -> None:
        super().__init__(message)
        self.module = module


def name_of(module: nn.Module) -> str:
    """Return the class name, as messages print it."""
    return type(module).__name__


def _axes(size: Sequence[int]) -> str:
    return {1: "N", 2: "H, W", 3: "C, H, W"}.get(len(size), "...")


def sequence(module: nn.Module, x: Any, size: Sequence[int], dtype: torch.dtype | None) -> None:
    """Refuse ``x`` unless it is a floating-point sequence [T, B, *size] with T >= 1."""
    who, axes = name_of(module), _axes(size)
    wanted = " x ".join(map(str, size))
    expected = f"{who} expects x [T, B, {axes}] with {axes.replace(', ', ' x ')} = {wanted}"
    if not isinstance(x, Tensor):
        hint = ""
        if isinstance(x, tuple) and x and isinstance(x[0], Tensor):
            hint = " A layer returns (output, state): write y, state = layer(x)."
        raise InputError(f"{expected}, got {type(x).__name__}.{hint}", module)
    got = tuple(x.shape)
    size = tuple(size)
    if x.ndim == len(size) + 1 and got[1:] == size:
        raise InputError(
            f"{expected}, got {got}: the time axis is missing. "
            f"Use layer.step(x) for one step, or x.unsqueeze(0) for a sequence of one.",
            module,
        )
    if x.ndim != len(size) + 2:
        raise InputError(f"{expected}, got {got}, which has {x.ndim} axes.", module)
    if got[2:] != size:
        hint = ""
        if len(size) == 1 and size[0] in got[:2]:
            hint = (
                f" N stands on axis {got.index(size[0])}: is the last axis time? Time comes first: "
                f"x.permute({'2, 0, 1' if got[1] == size[0] else '2, 1, 0'})."
            )
        elif len(size) == 3 and got[2:] == (*size[1:], size[0]):
            hint = " Are the channels last? Use x.permute(0, 1, 4, 2, 3)."
        raise InputError(f"{expected}, got {got}.{hint}", module)
    if got[0] == 0:
        raise InputError(f"{expected}, got {got}: T = 0, there is no step to run.", module)
    floating(module, x, dtype)


def floating(module: nn.Module, x: Tensor, dtype: torch.dtype | None) -> None:
    """Refuse integers and a precision that differs from the layer's."""
    who = name_of(module)
    if not x.is_floating_point():
        raise InputError(f"{who} expects floating-point x, got {x.dtype}: write x.float().", module)
    if dtype is not None and x.dtype != dtype:
        name = str(dtype).removeprefix("torch.")
        own = str(x.dtype).removeprefix("torch.")
        raise InputError(
            f"{who} holds {name}, got x of {own}: write x.to(torch.{name}) or net.to(torch.{own}).",
            module,
        )


def state(module: nn.Module, given: Any, fresh: Any, x: Tensor) -> None:
    """Refuse a state whose structure, batch or shape differs from a fresh one's."""
    who = name_of(module)
    if pytree.tree_structure(given) != pytree.tree_structure(fresh):
        raise InputError(
            f"{who} expects a state of type {type(fresh).__name__}, got {type(given).__name__}: "
            "pass back the state that this layer returned, or None to start from rest.",
            module,
        )
    pairs = zip(pytree.tree_leaves(given), pytree.tree_leaves(fresh), strict=True)
    for have, want in pairs:
        if getattr(have, "shape", None) == getattr(want, "shape", None):
            continue  # also where both are None, which torch counts as a leaf
        if have is None or want is None:
            raise InputError(
                f"{who} got the state of a layer with other settings: pass back the state that this "
                "layer returned, or None to start from rest.",
                module,
            )
        hint = "pass state=None to start from rest, or the state that belongs to this batch."
        if x.shape[0] in have.shape and x.shape[0] != x.shape[1]:
            hint = "is x batch-first? Use x.transpose(0, 1)."
        raise InputError(
            f"{who} got x {tuple(x.shape)}, batch B = {x.shape[1]}, with a state of shape "
            f"{tuple(have.shape)} where {tuple(want.shape)} is needed: {hint}",
            module,
        )


def compiling() -> bool:
    """Return whether a compiler or exporter is tracing, when values cannot be looked at."""
    return torch.compiler.is_compiling() or torch.compiler.is_exporting()


def finite(module: nn.Module, values: Tensor, what: str) -> None:
    """Refuse NaN and infinity; on the CPU only, since reading a value stalls a GPU."""
    if compiling() or values.device.type != "cpu" or torch.isfinite(values).all():
        return
    bad = "NaN" if torch.isnan(values).any() else "infinity"
    raise InputError(
        f"{name_of(module)}: {bad} in {what}. Look for it in the input, the weights or a loss that "
        "diverged.",
        module,
    )
