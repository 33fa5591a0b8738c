"""A loop of LIF neurons as an opaque operator with a hand-written backward pass.

It is defined here with its kernels for CUDA; `_on_cpu` adds the one that needs numba.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._cuda import state_type
from axonal.neuro.ops._tangents import refused
from axonal.neuro.ops.recurrent_lif import cuda
from axonal.neuro.ops.recurrent_lif._saved import INPUT, NOTHING, POTENTIAL

forward = torch.library.custom_op(
    "axonal::recurrent_lif",
    refused("recurrent_lif")(cuda.forward),
    mutates_args=(),
    device_types="cuda",
)


@forward.register_fake
def _(x: Tensor, before: Tensor, v: Tensor, wait: Tensor, *args: Any) -> tuple[Tensor, ...]:
    spikes, last, left = (
        torch.empty_like(a, memory_format=torch.contiguous_format) for a in (x, v, wait)
    )
    return spikes, last, left, v.new_empty(x.shape if args[-1] == POTENTIAL else (0, *v.shape))


backward = torch.library.custom_op(
    "axonal::recurrent_lif_backward",
    refused("recurrent_lif")(cuda.backward),
    mutates_args=(),
    device_types="cuda",
)


@backward.register_fake
def _(g_spikes: Tensor, g_v: Tensor, *args: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    decay, threshold, (learns_decay, learns_threshold) = args[7], args[8], args[-2:]
    return (
        torch.empty_like(g_spikes, memory_format=torch.contiguous_format),
        torch.empty_like(g_v, memory_format=torch.contiguous_format),
        torch.empty_like(decay) if learns_decay else decay.new_empty(0),
        torch.empty_like(threshold) if learns_threshold else decay.new_empty(0),
    )


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, before, v, wait, weight, bias, decay, threshold = inputs[:8]
    spikes, _, _, h = output
    again = inputs[-1] == INPUT
    ctx.save_for_backward(
        x if again else None, spikes, before, v, wait, weight, bias, decay, threshold, h
    )
    ctx.settings = inputs[8:]
    ctx.mark_non_differentiable(h)
    ctx.set_materialize_grads(False)


def _weight_gradient(spikes: Tensor, g: Tensor) -> Tensor:
    """One product over all steps, on the CPU at the cost of the spikes that there are."""
    if spikes.is_cuda:
        return g.T @ spikes
    sparse: Tensor = torch.ops.axonal.spike_linear_weight(spikes, g)
    return sparse


def _gradients(ctx: Any, g_spikes: Tensor | None, g_v: Tensor | None, *_: Any) -> tuple[Any, ...]:
    x, spikes, before, v, wait, weight, bias, decay, threshold, h = ctx.saved_tensors
    _, needs_before, _, _, needs_weight, needs_bias, learns_decay, learns_threshold = (
        ctx.needs_input_grad[:8]
    )
    g_spikes = torch.zeros_like(spikes) if g_spikes is None else g_spikes
    g_v = torch.zeros_like(v) if g_v is None else g_v
    g_x, g_v0, g_decay, g_threshold = backward(
        g_spikes, g_v, x, spikes, before, v, wait, weight, bias, decay, threshold, h,
        *ctx.settings, learns_decay, learns_threshold,
    )  # fmt: skip
    g_weight = None
    if needs_weight:
        g_weight = _weight_gradient(spikes[:-1].flatten(0, 1), g_x[1:].flatten(0, 1))
        g_weight = torch.addmm(g_weight, g_x[0].T, before)
    return (
        g_x,
        g_x[0] @ weight if needs_before else None,
        g_v0,
        None,
        g_weight,
        g_x.sum((0, 1)) if needs_bias else None,
        g_decay if learns_decay else None,
        g_threshold if learns_threshold else None,
        *(None for _ in ctx.settings),
    )


forward.register_autograd(_gradients, setup_context=_setup)


def recurrent_lif(
    x: Tensor,
    spikes: Tensor,
    v: Tensor,
    wait: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    *,
    decay_input: bool,
    reset: str,
    detach_reset: bool,
    refractory: int,
    surrogate: str,
    alpha: float,
    recompute: bool,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run ``x`` [T, B, N]; see :func:`axonal.neuro.ops.recurrent_lif.recurrent_lif`."""
    waits = x.new_empty(0) if wait is None else wait
    waits = waits.to(x.device, torch.int32)
    bias = x.new_zeros(len(weight)) if bias is None else bias
    save = NOTHING
    learns = (x, spikes, v, weight, bias, decay, threshold)
    if torch.is_grad_enabled() and any(a.requires_grad for a in learns):
        again = recompute or refractory or (decay_input and decay.requires_grad)
        save = INPUT if again else POTENTIAL
    given, number = v.dtype, state_type(x.dtype)
    spikes, weight, bias = (a.to(x.dtype) for a in (spikes, weight, bias))
    v, decay, threshold = (a.to(number) for a in (v, decay, threshold))
    made, last, waits, _ = forward(
        x, spikes, v, waits, weight, bias, decay, threshold,
        decay_input, reset, detach_reset, refractory, surrogate, alpha, save,
    )  # fmt: skip
    return made, last.to(given), None if wait is None else waits.to(wait.dtype)
