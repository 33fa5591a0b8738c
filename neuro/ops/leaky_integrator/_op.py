"""The leaky integrator as an operator of torch: what it allocates, keeps and differentiates."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import gradient_of, gradient_room, same_shape

if HAS_NUMBA:
    from axonal.neuro.ops.leaky_integrator import cpu


def leaky_forward(x: Tensor, v: Tensor, decay: Tensor, decay_input: bool) -> Tensor:
    """Run forward over x [T, B, ...]; return v after every step."""
    same_shape("leaky_integrator", "v", v, x.shape[1:])
    y = empty(x.shape, x)
    cpu.forward(x, v, decay, y, decay_input)
    return y


def _fake_forward(x: Tensor, v: Tensor, decay: Tensor, decay_input: bool) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def leaky_backward(
    g: Tensor,
    x: Tensor | None,
    y: Tensor,
    v: Tensor,
    decay: Tensor,
    decay_input: bool,
    learns_decay: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run backward from g [T, B, ...]; return the gradients of x, v and decay."""
    g_x = empty(g.shape, g)
    carry = torch.zeros_like(v, memory_format=torch.contiguous_format)  # [B, ...], gradient of v
    g_decay = gradient_room(carry, carry.shape, learns_decay)
    cpu.backward(g, x, y, v, decay, g_x, carry, g_decay, decay_input, learns_decay)
    return g_x, carry, gradient_of(g_decay, decay, learns_decay)


def _fake_backward(
    g: Tensor, x: Tensor | None, y: Tensor, v: Tensor, decay: Tensor,
    decay_input: bool, learns_decay: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    return (
        torch.empty_like(g, memory_format=torch.contiguous_format),
        torch.empty_like(v, memory_format=torch.contiguous_format),
        torch.empty_like(decay) if learns_decay else v.new_empty(0),
    )


_forward = Operator(
    "leaky_integrator",
    "(Tensor x, Tensor v, Tensor decay, bool decay_input) -> Tensor",
    leaky_forward,
    _fake_forward,
    devices=("cpu",),
)
_backward = Operator(
    "leaky_integrator_backward",
    "(Tensor g, Tensor? x, Tensor y, Tensor v, Tensor decay, bool decay_input, bool learns_decay) "
    "-> (Tensor, Tensor, Tensor)",
    leaky_backward,
    _fake_backward,
    devices=("cpu",),
    of="leaky_integrator",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, v, decay, decay_input = inputs
    learns_decay = ctx.needs_input_grad[2]
    ctx.decay_input = decay_input
    if learns_decay:
        ctx.save_for_backward(x if decay_input else None, output, v, decay)
    else:
        # the loops read none of the others
        ctx.save_for_backward(None, None, v, decay)


def _gradients(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    x, y, v, decay = ctx.saved_tensors
    learns_decay = ctx.needs_input_grad[2]
    g_x, g_v, g_decay = _backward(
        g, x, g if y is None else y, v, decay, ctx.decay_input, learns_decay
    )
    return g_x, g_v, g_decay if learns_decay else None, None


_forward.differentiate(_gradients, _setup)


def leaky_integrator(x: Tensor, v: Tensor, decay: Tensor, decay_input: bool) -> Tensor:
    """Integrate ``x`` [T, B, ...]; see the operator's package."""
    y: Tensor = _forward(x, v, decay, decay_input)
    return y
