"""Checks of inputs and states, whose messages say what was expected, what came and what to do."""

import math
import operator
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from axonal._base import checks


class InputError(ValueError):
    """An input that a layer refuses; a Network puts the layer's path in front of the message."""

    def __init__(self, message: str, module: nn.Module | None = None, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message, self.module, self.path = message, module, path

    def inside(self, path: str, module: nn.Module) -> "InputError":
        """Return the same error as ``module``, which holds the layer at ``path``, reports it."""
        return InputError(self.message, module, f"{path}.{self.path}" if self.path else path)


def name_of(module: nn.Module) -> str:
    """Return the class name, as messages print it."""
    return type(module).__name__


def _axes(size: Sequence[int]) -> str:
    return {1: "N", 2: "H, W", 3: "C, H, W"}.get(len(size), "...")


def whole(value: Any) -> int | None:
    """Return a whole number of any type, numpy's too, as an int; ``None`` for everything else.

    >>> import numpy as np
    >>> whole(np.int64(3)), whole(3.0), whole(True)
    (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def count(module: nn.Module, name: str, value: Any, least: int = 1) -> int:
    """Return a size or a number of steps of a layer as an int; refuse everything else."""
    try:
        return checks.whole_number(name_of(module), name, value, least)
    except TypeError as error:
        raise ValueError(str(error)) from None


def counts(module: nn.Module, **named: Any) -> list[int]:
    """Return the sizes of a layer by their names, each a positive int; refuse everything else."""
    return [count(module, name, value) for name, value in named.items()]


_HALF = (torch.float16, torch.bfloat16)


def _autocasting(x: Tensor, dtype: torch.dtype) -> bool:
    """Whether x came, or is to go, through a cast of ``torch.autocast``."""
    return (x.dtype in _HALF or dtype in _HALF) and autocasts(x)


def autocasts(x: Tensor) -> bool:
    """Whether ``torch.autocast`` is on for the device of ``x``; for shapes alone it never is."""
    return not x.is_meta and torch.is_autocast_enabled(x.device.type)


def own_type(x: Any, dtype: torch.dtype) -> Any:
    """Return ``x`` in the type that a layer holds, if ``torch.autocast`` gave it another one."""
    if isinstance(x, Tensor) and x.dtype != dtype and x.is_floating_point():
        return x.to(dtype) if _autocasting(x, dtype) else x
    return x


def held_type(module: nn.Module) -> torch.dtype:
    """Return the type of the numbers that ``module`` holds, single precision if there are none."""
    held = (a.dtype for a in (*module.parameters(), *module.buffers()) if a.is_floating_point())
    return next(held, torch.float32)


def in_own_type(x: Tensor) -> AbstractContextManager[Any]:
    """Return a context in which ``torch.autocast`` converts nothing."""
    # written out: this is called for every call of a layer
    on = not x.is_meta and torch.is_autocast_enabled(x.device.type)
    return torch.autocast(x.device.type, enabled=False) if on else nullcontext()


def fits(x: Any, size: tuple[int, ...], dtype: torch.dtype) -> bool:
    """Whether ``x`` is a sequence [T, B, *size] of ``dtype``, as `sequence` wants it."""
    return (
        isinstance(x, Tensor)
        and x.dtype == dtype
        and x.ndim == len(size) + 2
        and x.shape[2:] == size
        and x.shape[0] != 0
    )


def sequence(module: nn.Module, x: Any, size: Sequence[int], dtype: torch.dtype | None) -> None:
    """Refuse ``x`` unless it is a floating-point sequence [T, B, *size] with T >= 1."""
    who, axes = name_of(module), _axes(size)
    wanted = " x ".join(map(str, size))
    expected = f"{who} expects x [T, B, {axes}] with {axes.replace(', ', ' x ')} = {wanted}"
    if not isinstance(x, Tensor):
        hint = ""
        if isinstance(x, tuple) and x and isinstance(x[0], Tensor):
            hint = (
                " A layer returns (output, state): write y, state = layer(x), or make a network of "
                "the module, neuro.Network(Net()), which passes the states on."
            )
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


def any_sequence(module: nn.Module, x: Any) -> Tensor:
    """Return ``x`` [T, B, ...] in the type that a layer holds; refuse what is no sequence."""
    if not isinstance(x, Tensor) or x.ndim < 2 or x.shape[0] == 0:
        raise InputError(
            f"{name_of(module)} expects x [T, B, ...] with T >= 1, got {shape_or_type(x)}.", module
        )
    steps: Tensor = own_type(x, held_type(module)) if autocasts(x) else x
    return steps


def shape_or_type(x: Any) -> Any:
    """Return the shape of a tensor or the type of anything else, as messages print it."""
    return tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__


def floating(module: nn.Module, x: Tensor, dtype: torch.dtype | None) -> None:
    """Refuse integers and a precision that differs from the layer's."""
    who = name_of(module)
    if not x.is_floating_point():
        raise InputError(f"{who} expects floating-point x, got {x.dtype}: write x.float().", module)
    if dtype is not None and x.dtype != dtype and not _autocasting(x, dtype):
        name, own = short(dtype), short(x.dtype)
        raise InputError(
            f"{who} holds {name}, got x of {own}: write x.to(torch.{name}) or net.to(torch.{own}).",
            module,
        )


def start(module: nn.Module, given: Any, fresh: Any, x: Tensor) -> Any:
    """Return the state from which a layer goes on, if it is one like a fresh state."""
    if not _same_state(given, fresh):
        state(module, given, fresh, x)
    return given


def state(module: nn.Module, given: Any, fresh: Any, x: Tensor) -> None:
    """Refuse a state whose structure, batch or shape differs from a fresh one's."""
    if _same_state(given, fresh):
        return
    who = name_of(module)
    if pytree.tree_structure(given) != pytree.tree_structure(fresh):
        raise InputError(
            f"{who} expects a state of type {type(fresh).__name__}, got {type(given).__name__}: "
            "pass back the state that this layer returned, or None to start from rest.",
            module,
        )
    for have, want in zip(pytree.tree_leaves(given), pytree.tree_leaves(fresh), strict=True):
        if (have is None) != (want is None):
            raise InputError(
                f"{who} got the state of a layer with other settings: pass back the state that "
                "this layer returned, or None to start from rest.",
                module,
            )
        if have is None:  # torch counts None as a leaf
            continue
        if have.shape != want.shape:
            steps, batch = x.shape[:2]
            sizes = zip(have.shape, want.shape, strict=False)
            turned = {(h, w) for h, w in sizes if h != w} == {(steps, batch)}
            hint = (
                "is x batch-first? Use x.transpose(0, 1)."
                if turned
                else "pass state=None to start from rest, or the state that belongs to this batch."
            )
            raise InputError(
                f"{who} got x {tuple(x.shape)}, batch B = {batch}, with a state of shape "
                f"{tuple(have.shape)} where {tuple(want.shape)} is needed: {hint}",
                module,
            )
        if have.dtype != want.dtype:
            raise InputError(
                f"{who} got a state of {short(have.dtype)} where {short(want.dtype)} is needed: "
                "pass state=None to start from rest, and convert networks only between sequences.",
                module,
            )


def _same_state(given: Any, fresh: Any) -> bool:
    """Whether two flat tuples of tensors are of one type and of the same shapes."""
    if type(given) is not type(fresh) or not isinstance(fresh, tuple):
        return False
    for have, want in zip(given, fresh, strict=True):
        if have is None and want is None:
            continue
        if not (isinstance(have, Tensor) and isinstance(want, Tensor)):
            return False
        if have.shape != want.shape or have.dtype != want.dtype:
            return False
    return True


def tokens(module: nn.Module, given: Any) -> None:
    """Refuse a tensor that is no sequences of tokens [T, B]; an embedding looks at other things."""
    if isinstance(given, Tensor) and (given.ndim != 2 or not len(given)):
        raise InputError(
            f"{name_of(module)} expects tokens [T, B], got {tuple(given.shape)}: write "
            "tokens.unsqueeze(1) for one text.",
            module,
        )


def one_step(module: nn.Module, x: Any) -> None:
    """Refuse what is no tensor [B, ...] where one step of a sequence is expected."""
    if not isinstance(x, Tensor) or x.ndim == 0:
        got = "a number" if isinstance(x, Tensor) else type(x).__name__
        raise InputError(
            f"{name_of(module)}.step expects one step x [B, ...] as a tensor, got {got}: write "
            "torch.as_tensor(x).",
            module,
        )


def short(dtype: torch.dtype) -> str:
    """Return the name of a type as messages print it."""
    return str(dtype).removeprefix("torch.")


def compiling() -> bool:
    """Return whether a compiler or exporter is tracing, when no value can be read."""
    return torch.compiler.is_compiling() or torch.compiler.is_exporting()


def found(places: Tensor) -> bool:
    """Return whether any of ``places`` is true; on the meta device nothing is.

    >>> found(torch.tensor([False, True])), found(torch.ones(2, device="meta") > 0)
    (True, False)
    """
    return not places.is_meta and bool(places.any())


def unrolled(module: nn.Module, x: Tensor) -> None:
    """Refuse an export for any number of steps of what is a loop of Python over them."""
    if torch.compiler.is_exporting() and isinstance(x.shape[0], torch.SymInt):
        raise InputError(
            f"{name_of(module)} runs step by step in Python, and a program with T of any length "
            "holds no such loop: export it with T fixed, or one step of it, module.step(x, state).",
            module,
        )


def finite(module: nn.Module, values: Tensor, what: str) -> None:
    """Refuse NaN and infinity; on the CPU only, since reading a value stalls a GPU."""
    if torch.compiler.is_compiling() or torch.compiler.is_exporting() or not values.is_cpu:
        return
    # a finite sum has finite terms, and `isfinite` passes over them four times
    try:
        if math.isfinite(values.detach().sum()) or torch.isfinite(values).all():
            return
    except RuntimeError:  # inside vmap there is no value
        return
    bad = "NaN" if torch.isnan(values).any() else "infinity"
    raise InputError(
        f"{name_of(module)}: {bad} in {what}. Look for it in the input, the weights or a loss that "
        "diverged.",
        module,
    )
