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


def refuse_vmap(name: str, *tensors: Tensor) -> None:
    """Refuse tensors with an axis of ``torch.func.vmap``, for operators whose spikes have a number.

    Raises:
        ValueError: if one has such an axis.

    >>> refuse_vmap("exact_lif", torch.zeros(1))
    """
    if torch.compiler.is_compiling() or torch._C._functorch.maybe_current_level() is None:
        return
    functorch = torch._C._functorch
    for given in tensors:
        inner = given
        while functorch.is_functorch_wrapped_tensor(inner):
            if functorch.is_batchedtensor(inner):
                raise ValueError(
                    f"{name} does not run within torch.func.vmap, because every member has another "
                    "number of spikes: put samples into one batch of Events, loop over parameters."
                )
            inner = functorch.get_unwrapped(inner)


def _has_tangent(given: Any) -> bool:
    if not isinstance(given, Tensor) or not given.is_floating_point():
        return False
    return forward_ad.unpack_dual(given).tangent is not None
