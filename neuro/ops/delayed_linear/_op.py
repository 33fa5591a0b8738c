"""Delayed connections as an opaque operator with a hand-written backward pass.

It is defined here with its kernels for CUDA; `_on_cpu` adds the one that needs numba.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._cuda import state_type
from axonal.neuro.ops._tangents import refused
from axonal.neuro.ops.delayed_linear import cuda

forward = torch.library.custom_op(
    "axonal::delayed_linear",
    refused("delayed_linear")(cuda.forward),
    mutates_args=(),
    device_types="cuda",
)


@forward.register_fake
def _(x: Tensor, history: Tensor, weight: Tensor, *_: Any) -> Tensor:
    return x.new_empty(*x.shape[:2], weight.shape[0])


backward = torch.library.custom_op(
    "axonal::delayed_linear_backward",
    refused("delayed_linear")(cuda.backward),
    mutates_args=(),
    device_types="cuda",
)


@backward.register_fake
def _(
    g: Tensor, x: Tensor, history: Tensor, weight: Tensor, delay: Tensor, sigma: Tensor,
    kernel: str, max_delay: int, needs_x: bool, needs_history: bool, needs_taps: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    whole = torch.contiguous_format
    return (
        x.new_empty(len(x) if needs_x or needs_history else 0, *x.shape[1:]),
        x.new_empty(max_delay if needs_history else 0, *x.shape[1:]),
        torch.empty_like(weight, memory_format=whole) if needs_taps else weight.new_empty(0),
        torch.empty_like(weight, memory_format=whole) if needs_taps else weight.new_empty(0),
    )


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:5])
    ctx.settings = inputs[5:]


def _gradients(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    needs_x, needs_history, needs_weight, needs_delay = ctx.needs_input_grad[:4]
    g_x, g_history, g_weight, g_delay = backward(
        g, *ctx.saved_tensors, *ctx.settings, needs_x, needs_history, needs_weight or needs_delay
    )
    return (
        g_x if needs_x else None,
        g_history if needs_history else None,
        g_weight if needs_weight else None,
        g_delay if needs_delay else None,
        None,
        None,
        None,
    )


forward.register_autograd(_gradients, setup_context=_setup)


def delayed_linear(
    x: Tensor,
    history: Tensor,
    weight: Tensor,
    delay: Tensor,
    sigma: Tensor | float,
    kernel: str,
    max_delay: int,
) -> tuple[Tensor, Tensor]:
    """Run over ``x``; see :func:`axonal.neuro.ops.delayed_linear.delayed_linear`."""
    number = state_type(x.dtype)
    if isinstance(sigma, Tensor):
        width = sigma.to(x.device, number)
    else:
        # filled on the device: a copy from the host would wait for it
        width = torch.full((), sigma, dtype=number, device=x.device)
    y = forward(x, history, weight.to(number), delay.to(number), width, kernel, max_delay)
    return y, torch.cat((history, x))[len(x) :]
