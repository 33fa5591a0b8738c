"""Input checks of the modern Hopfield memories: one line that says what to write instead."""

import math
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn


def patterns(value: Any, name: str, who: str, axes: str, ndim: int, *, least: int = 2) -> Tensor:
    """Refuse all but floating-point tensors with ``ndim`` axes, or at least ``least`` for 0."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{who} expects {name} {axes} as a tensor, got {type(value).__name__}: write "
            "torch.as_tensor(...)."
        )
    if not value.is_floating_point():
        raise TypeError(
            f"{who} expects floating-point {name}, got {value.dtype}: write {name}.float()."
        )
    if value.ndim != ndim if ndim else value.ndim < least:
        hint = f" Write {name}.unsqueeze(0)." if value.ndim == (ndim or least) - 1 else ""
        raise ValueError(f"{who} expects {name} {axes}, got shape {tuple(value.shape)}.{hint}")
    return value


def same_kind(a: Tensor, b: Tensor, names: tuple[str, str], who: str) -> None:
    """Refuse two tensors of different precision or on different devices."""
    if a.dtype != b.dtype or a.device != b.device:
        raise ValueError(
            f"{who} expects {names[0]} and {names[1]} of one precision on one device, got "
            f"{a.dtype} on {a.device} and {b.dtype} on {b.device}: convert one with .to(...)."
        )


def not_empty(stored: Tensor, name: str, who: str) -> None:
    """Refuse a memory without patterns."""
    if stored.shape[-2] == 0:
        raise ValueError(f"{who} expects at least one stored pattern, got {name} with N = 0.")


def inverse_temperature(beta: float, who: str, *, zero: bool = True) -> float:
    """Return beta as a float, refuse what is negative (or zero) or not finite."""
    try:
        number = float(beta)
    except (TypeError, ValueError):
        raise TypeError(f"{who} expects beta as one number, got {beta!r}.") from None
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        raise ValueError(
            f"{who} expects beta to be finite and {'>= 0' if zero else '> 0'}, got {beta!r}. "
            "A usual value is 1 / sqrt(D)."
        )
    return number


def steps(value: int | None, who: str) -> int | None:
    """Return the number of updates: whole and at least one, or None for until convergence."""
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, Integral) or value < 1
    ):
        raise ValueError(
            f"{who} expects steps >= 1, or None to go on until convergence, got {value!r}. One "
            "step is one softmax: n extra steps are steps=n + 1."
        )
    return value


def tolerance(eps: float, who: str) -> float:
    """Return the least change that keeps an iteration going."""
    if not (isinstance(eps, int | float) and math.isfinite(eps) and eps >= 0):
        raise ValueError(f"{who} expects eps to be a finite number >= 0, got {eps!r}.")
    return float(eps)


def count(value: Any, name: str, who: str) -> None:
    """Refuse a size that is no whole number above zero."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{who} expects {name} to be a whole number >= 1, got {value!r}.")


def beta_per_head(beta: Any, num_heads: int, who: str) -> Tensor:
    """Return one inverse temperature per head as a tensor [num_heads]."""
    values = torch.as_tensor(beta, dtype=torch.get_default_dtype()).detach().clone()
    if values.ndim == 0:
        values = values.repeat(num_heads)
    if tuple(values.shape) != (num_heads,) or not (values.isfinite() & (values >= 0)).all():
        raise ValueError(
            f"{who} expects beta as one number or one per head, num_heads = {num_heads}, all "
            f"finite and >= 0, got {values.tolist()}."
        )
    return values


def batch(value: Any, name: str, axis: str, size: int, beside: Tensor | None, who: str) -> None:
    """Refuse what is not [B, axis, size], or is unlike ``beside``: an input, or a parameter."""
    axes = f"[B, {axis}, {size}]"
    patterns(value, name, who, axes, 3)
    if value.shape[-1] != size:
        hint = (
            f" Size {size} stands on axis 1: write {name}.transpose(1, 2)."
            if value.shape[1] == size
            else ""
        )
        raise ValueError(f"{who} expects {name} {axes}, got {tuple(value.shape)}.{hint}")
    if beside is None:
        return
    own = isinstance(beside, nn.Parameter)
    same_kind(beside, value, ("its parameters" if own else "its other inputs", name), who)
    if not own and value.shape[0] != beside.shape[0]:
        raise ValueError(
            f"{who} expects {name} {axes} with the batch B = {beside.shape[0]} of its other "
            f"inputs, got {tuple(value.shape)}. Everything is batch-first here."
        )


def shared_values(value_size: int, stored_size: int, who: str) -> None:
    """Refuse values of another size where the stored patterns are the values."""
    if value_size != stored_size:
        raise ValueError(
            f"{who}: its values are its stored patterns, so value_size = {value_size} has to be "
            f"{stored_size}."
        )
