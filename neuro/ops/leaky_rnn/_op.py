"""The leaky recurrent network as an operator of torch: what it allocates, keeps, differentiates."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape
from axonal.neuro.ops.leaky_rnn import cpu


def rnn_forward(
    x: Tensor, h: Tensor, weight: Tensor, share: Tensor, slope: float, inside: bool
) -> tuple[Tensor, Tensor]:
    """Run forward over x [T, B, N]; return h after every step, and phi of the drive if inside."""
    units = x.shape[2]
    same_shape("leaky_rnn", "h", h, x.shape[1:])
    same_shape("leaky_rnn", "weight", weight, (units, units))
    same_shape("leaky_rnn", "share", share, (units,))
    y = empty(x.shape, x)
    drive = empty(x.shape, x) if inside else x.new_empty(0)
    cpu.forward(x.contiguous(), h, weight, share, slope, inside, y, drive)
    return y, drive


def _fake_forward(
    x: Tensor, h: Tensor, weight: Tensor, share: Tensor, slope: float, inside: bool
) -> tuple[Tensor, Tensor]:
    y = torch.empty_like(x, memory_format=torch.contiguous_format)
    return y, torch.empty_like(y) if inside else x.new_empty(0)


def rnn_backward(
    g: Tensor, x: Tensor, h: Tensor, weight: Tensor, share: Tensor, y: Tensor, drive: Tensor,
    slope: float, inside: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Run backward from g [T, B, N]; return the gradients of x, h, weight and share."""
    g_drive, total = empty(g.shape, g), empty(g.shape, g)
    carry = torch.zeros_like(h, memory_format=torch.contiguous_format)
    cpu.backward(g, h, weight, share, slope, inside, y, drive, g_drive, total, carry)
    g_weight, g_share = cpu.parameters(x, h, weight, share, inside, y, drive, g_drive, total)
    return g_drive if inside else g_drive.mul_(share), carry, g_weight, g_share


def _fake_backward(
    g: Tensor, x: Tensor, h: Tensor, weight: Tensor, share: Tensor, y: Tensor, drive: Tensor,
    slope: float, inside: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    return (
        torch.empty_like(g, memory_format=torch.contiguous_format),
        torch.empty_like(h, memory_format=torch.contiguous_format),
        torch.empty_like(weight, memory_format=torch.contiguous_format),
        torch.empty_like(share),
    )


_forward = Operator(
    "leaky_rnn",
    "(Tensor x, Tensor h, Tensor weight, Tensor share, float slope, bool inside) "
    "-> (Tensor, Tensor)",
    rnn_forward,
    _fake_forward,
    devices=("cpu",),
)
_backward = Operator(
    "leaky_rnn_backward",
    "(Tensor g, Tensor x, Tensor h, Tensor weight, Tensor share, Tensor y, Tensor drive, "
    "float slope, bool inside) -> (Tensor, Tensor, Tensor, Tensor)",
    rnn_backward,
    _fake_backward,
    devices=("cpu",),
    of="leaky_rnn",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, h, weight, share, ctx.slope, ctx.inside = inputs
    ctx.save_for_backward(x, h, weight, share, *output)
    ctx.mark_non_differentiable(output[1])


def _gradients(ctx: Any, g: Tensor, _: Tensor | None) -> tuple[Tensor | None, ...]:
    x, h, weight, share, y, drive = ctx.saved_tensors
    return *_backward(g, x, h, weight, share, y, drive, ctx.slope, ctx.inside), None, None


_forward.differentiate(_gradients, _setup)


def leaky_rnn(
    x: Tensor, h: Tensor, weight: Tensor, share: Tensor, slope: float, inside: bool
) -> Tensor:
    """Run over ``x`` [T, B, N]; see the operator's package."""
    y: Tensor = _forward(x, h, weight, share, slope, inside)[0]
    return y
