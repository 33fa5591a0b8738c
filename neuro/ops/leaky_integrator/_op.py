"""The leaky integrator as an opaque operator with a hand-written backward pass."""

from typing import Any

import torch
from torch import Tensor

from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty_like
from axonal.neuro.ops._cuda import per_neuron, same_shape
from axonal.neuro.ops._numpy_views import flat, rows, sum_to, values
from axonal.neuro.ops._tangents import refused
from axonal.neuro.ops.leaky_integrator import cpu


@torch.library.custom_op("axonal::leaky", mutates_args=(), device_types="cpu")
@refused("leaky")
def _leaky(x: Tensor, v: Tensor, decay: Tensor, decay_input: bool) -> Tensor:
    same_shape("leaky", "v", v, x.shape[1:])
    y = empty_like(x)
    run = cpu.forward(decay_input)
    arrays = rows(x), values(per_neuron(decay, x)), flat(v.contiguous()), rows(y)
    shards(lambda start, stop: run(*arrays, start, stop), v.numel(), x.nbytes)
    return y


@_leaky.register_fake
def _(x: Tensor, v: Tensor, decay: Tensor, decay_input: bool) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


@torch.library.custom_op("axonal::leaky_backward", mutates_args=(), device_types="cpu")
@refused("leaky")
def _leaky_backward(
    g: Tensor,
    x: Tensor | None,
    y: Tensor,
    v: Tensor,
    decay: Tensor,
    decay_input: bool,
    learns_decay: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    g_x, carry = empty_like(g), torch.zeros_like(v, memory_format=torch.contiguous_format)
    g_decay = torch.zeros_like(carry) if learns_decay else carry.new_empty(0)
    run = cpu.backward(decay_input, learns_decay)
    series, d = rows(g), values(per_neuron(decay, g))
    arrays = (
        series, series if x is None else rows(x), rows(y), flat(v.contiguous()), d,
        rows(g_x), flat(carry), flat(g_decay),
    )  # fmt: skip
    shards(lambda start, stop: run(*arrays, start, stop), v.numel(), g.nbytes)
    return g_x, carry, sum_to(g_decay, decay.shape) if learns_decay else g_decay


@_leaky_backward.register_fake
def _(
    g: Tensor, x: Tensor | None, y: Tensor, v: Tensor, decay: Tensor,
    decay_input: bool, learns_decay: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    return (
        torch.empty_like(g, memory_format=torch.contiguous_format),
        torch.empty_like(v, memory_format=torch.contiguous_format),
        torch.empty_like(decay) if learns_decay else v.new_empty(0),
    )


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, v, decay, decay_input = inputs
    learns_decay = ctx.needs_input_grad[2]
    ctx.decay_input = decay_input
    if learns_decay:
        ctx.save_for_backward(x if decay_input else None, output, v, decay)
    else:
        # what the loops do not read must have a shape only
        ctx.save_for_backward(None, None, v, decay)


def _gradients(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    x, y, v, decay = ctx.saved_tensors
    learns_decay = ctx.needs_input_grad[2]
    g_x, g_v, g_decay = _leaky_backward(
        g, x, g if y is None else y, v, decay, ctx.decay_input, learns_decay
    )
    return g_x, g_v, g_decay if learns_decay else None, None


_leaky.register_autograd(_gradients, setup_context=_setup)


def leaky(x: Tensor, v: Tensor, decay: Tensor, *, decay_input: bool) -> Tensor:
    """Integrate ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.leaky_integrator.leaky`."""
    y: Tensor = _leaky(x, v, decay, decay_input)
    return y
