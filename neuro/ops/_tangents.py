"""Derivatives that pass by the gradients of compiled operators: forward mode, and torch.func."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch._functorch import eager_transforms
from torch.autograd import forward_ad

R = TypeVar("R")


def transformed(*tensors: Tensor) -> bool:
    """Return whether a derivative of ``tensors`` is under way that only the definition has.

    >>> transformed(torch.zeros(1))
    False
    """
    if torch.compiler.is_compiling():
        return False
    if torch._C._functorch.maybe_current_level() is not None:
        kinds = {layer.key().name for layer in torch._C._functorch.get_interpreter_stack() or ()}
        if kinds & {"Grad", "Jvp"}:
            return True
    return forward_ad._current_level >= 0 and any(map(_has_tangent, tensors))


def refused(name: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Let a kernel that is registered with torch refuse forward-mode derivatives.

    Torch would give zeros for them, without a word.

    Args:
        name: of the operator, for the message.

    Returns:
        a decorator; the kernel it makes raises a ValueError where a tensor carries a tangent.
    """

    def refusing(kernel: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(kernel)
        def run(*given: Any) -> R:
            # torch.func.jvp hides tangents from kernels, so that within it any may be lost
            if forward_ad._current_level >= 0 and (
                eager_transforms.JVP_NESTING or any(map(_has_tangent, given))
            ):
                raise ValueError(_refusal(name))
            return kernel(*given)

        return run

    return refusing


def _refusal(name: str) -> str:
    return (
        f"{name} has no forward-mode derivative in compiled code, nor one of torch.func: use "
        'backend="reference", or "auto".'
    )


def refuse(name: str, *tensors: Tensor) -> None:
    """Refuse derivatives that only the definition has.

    Raises:
        ValueError: if such a derivative of ``tensors`` is under way.

    >>> refuse("lif", torch.zeros(1))
    """
    if transformed(*tensors):
        raise ValueError(_refusal(name))


def _has_tangent(given: Any) -> bool:
    if not isinstance(given, Tensor) or not given.is_floating_point():
        return False
    return forward_ad.unpack_dual(given).tangent is not None
