"""Bounds of parameters, to which an optimiser that went beyond can return."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.surrogates._surrogate import forward_mode


def bounded(raw: Tensor, high: float) -> Tensor:
    """Clamp to [0, high] with a gradient that pulls back what lies outside.

    >>> raw = torch.tensor([-1.0, 2.0, 9.0], requires_grad=True)
    >>> y = bounded(raw, 5.0)
    >>> y.sum().backward()
    >>> y.tolist(), raw.grad.tolist()
    ([0.0, 2.0, 5.0], [0.0, 1.0, 1.0])
    """
    kind = _BoundedBothWays if forward_mode() else _Bounded
    clamped: Tensor = kind.apply(raw, high)  # type: ignore[no-untyped-call]
    return clamped


class _Bounded(torch.autograd.Function):
    """Clamp to [0, high] whose gradient pulls back a value that a momentum carried outside."""

    generate_vmap_rule = True

    @staticmethod
    def forward(raw: Tensor, high: float) -> Tensor:
        return raw.clamp(0.0, high)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])
        ctx.high = inputs[1]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (raw,) = ctx.saved_tensors
        outward = ((raw < 0) & (grad > 0)) | ((raw > ctx.high) & (grad < 0))
        return grad.masked_fill(outward, 0), None


class _BoundedBothWays(_Bounded):
    """The same with forward-mode derivatives, with which torch.compile could not trace it."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        _Bounded.setup_context(ctx, inputs, output)
        ctx.save_for_forward(inputs[0])

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: None) -> Tensor:
        (raw,) = ctx.saved_tensors
        inside: Tensor = (raw >= 0) & (raw <= ctx.high)
        return tangent * inside
