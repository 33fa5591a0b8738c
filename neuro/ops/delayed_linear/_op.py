"""Delayed connections as an operator of torch: what it checks, keeps and differentiates."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._cuda import on_gpu
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape, state_type
from axonal.neuro.ops.delayed_linear import cuda
from axonal.neuro.ops.delayed_linear._needs import Needs
from axonal.neuro.ops.delayed_linear._synapses import Synapses

if HAS_NUMBA:
    from axonal.neuro.ops.delayed_linear import cpu


def delayed_forward(x: Tensor, history: Tensor, synapses: Synapses) -> Tensor:
    """Run forward over x [T, B, I]; return y [T, B, O]."""
    _, batch, size = x.shape
    same_shape("delayed_linear", "history", history, (synapses.max_delay, batch, size))
    for what, given in (("weight", synapses.weight), ("delay", synapses.delay)):
        same_shape("delayed_linear", what, given, (len(synapses.weight), size))
    run = cuda.forward if on_gpu(x) else cpu.forward
    return run(x, history, synapses)


def _fake_forward(x: Tensor, history: Tensor, synapses: Synapses) -> Tensor:
    return x.new_empty(*x.shape[:2], synapses.weight.shape[0])


def delayed_backward(
    g: Tensor, x: Tensor, history: Tensor, synapses: Synapses, needs: Needs
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run backward from g [T, B, O]; return gradients of x, history, weight and delay."""
    run = cuda.backward if on_gpu(g) else cpu.backward
    g_series, g_weight, g_delay = run(g, x, history, synapses, needs)
    if not needs.history:
        return g_series, x.new_empty(0, *x.shape[1:]), g_weight, g_delay
    ahead = len(history)
    return g_series[ahead:].clone(), g_series[:ahead].clone(), g_weight, g_delay


def _fake_backward(
    g: Tensor, x: Tensor, history: Tensor, synapses: Synapses, needs: Needs
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    weight, whole = synapses.weight, torch.contiguous_format
    return (
        x.new_empty(x.shape[0] if needs.series else 0, *x.shape[1:]),
        x.new_empty(synapses.max_delay if needs.history else 0, *x.shape[1:]),
        torch.empty_like(weight, memory_format=whole) if needs.taps else weight.new_empty(0),
        torch.empty_like(weight, memory_format=whole) if needs.taps else weight.new_empty(0),
    )


_forward = Operator(
    "delayed_linear",
    "(Tensor x, Tensor history, Tensor weight, Tensor delay, Tensor sigma, str kernel, "
    "int max_delay) -> Tensor",
    delayed_forward,
    _fake_forward,
)
_backward = Operator(
    "delayed_linear_backward",
    "(Tensor g, Tensor x, Tensor history, Tensor weight, Tensor delay, Tensor sigma, str kernel, "
    "int max_delay, bool needs_x, bool needs_history, bool needs_taps) "
    "-> (Tensor, Tensor, Tensor, Tensor)",
    delayed_backward,
    _fake_backward,
    of="delayed_linear",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:5])
    ctx.settings = inputs[5:]


def _gradients(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    needs_x, needs_history, needs_weight, needs_delay = ctx.needs_input_grad[:4]
    g_x, g_history, g_weight, g_delay = _backward(
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


_forward.differentiate(_gradients, _setup)


def delayed_linear(x: Tensor, history: Tensor, synapses: Synapses) -> tuple[Tensor, Tensor]:
    """Run over ``x``; see :func:`axonal.neuro.ops.delayed_linear.delayed_linear`."""
    weight, delay, sigma, *settings = synapses
    number = state_type(x.dtype)
    if isinstance(sigma, Tensor):
        width = sigma.to(x.device, number)
    else:
        # filled on the device: a copy from the host would wait for it
        width = torch.full((), sigma, dtype=number, device=x.device)
    y = _forward(x, history, weight.to(number), delay.to(number), width, *settings)
    return y, torch.cat((history, x))[x.shape[0] :]
