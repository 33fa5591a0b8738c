"""The LIF recurrence as an opaque operator with a hand-written backward pass.

It is defined here with its kernel for CUDA; `_on_cpu` adds the one that needs numba.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._cuda import state_type
from axonal.neuro.ops._tangents import refused
from axonal.neuro.ops.lif import cuda
from axonal.neuro.ops.lif._checkpoints import (
    CHECKPOINTS,
    CUDA_SEGMENT,
    NOTHING,
    POTENTIAL,
    SEGMENT,
    room,
)

lif_forward = torch.library.custom_op(
    "axonal::lif", refused("lif")(cuda.forward), mutates_args=(), device_types="cuda"
)


@lif_forward.register_fake
def _(x: Tensor, v: Tensor, wait: Tensor, *args: Any) -> tuple[Tensor, ...]:
    spikes = torch.empty_like(x, memory_format=torch.contiguous_format)
    segment = CUDA_SEGMENT if x.is_cuda else SEGMENT
    saved = room(x, v, wait, args[-1], segment)
    return spikes, torch.empty_like(v), torch.empty_like(wait), *saved


lif_backward = torch.library.custom_op(
    "axonal::lif_backward", refused("lif")(cuda.backward), mutates_args=(), device_types="cuda"
)


@lif_backward.register_fake
def _(
    g_spikes: Tensor, g_v: Tensor, x: Tensor | None, decay: Tensor, threshold: Tensor, *args: Any
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    learns_decay, learns_threshold = args[-2:]
    return (
        torch.empty_like(g_spikes, memory_format=torch.contiguous_format),
        torch.empty_like(g_v),
        torch.empty_like(decay) if learns_decay else decay.new_empty(0),
        torch.empty_like(threshold) if learns_threshold else decay.new_empty(0),
    )


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, _, _, decay, threshold = inputs[:5]
    _, _, _, saved, waits = output
    again = inputs[-1] == CHECKPOINTS
    ctx.save_for_backward(x if again else None, decay, threshold, saved, waits)
    ctx.settings, ctx.shape, ctx.dtype = inputs[5:], x.shape, x.dtype
    ctx.mark_non_differentiable(saved, waits)
    ctx.set_materialize_grads(False)


def _gradients(ctx: Any, g_spikes: Tensor | None, g_v: Tensor | None, *_: Any) -> tuple[Any, ...]:
    x, decay, threshold, saved, waits = ctx.saved_tensors
    if g_spikes is None:
        g_spikes = saved.new_zeros(ctx.shape, dtype=ctx.dtype)
    if g_v is None:
        g_v = saved.new_zeros(ctx.shape[1:])
    learns_decay, learns_threshold = ctx.needs_input_grad[3:5]
    g_x, g_v0, g_decay, g_threshold = lif_backward(
        g_spikes, g_v, x, decay, threshold, saved, waits, *ctx.settings,
        learns_decay, learns_threshold,
    )  # fmt: skip
    return (
        g_x,
        g_v0,
        None,
        g_decay if learns_decay else None,
        g_threshold if learns_threshold else None,
        *(None for _ in ctx.settings),
    )


lif_forward.register_autograd(_gradients, setup_context=_setup)


def lif(
    x: Tensor,
    v: Tensor,
    wait: Tensor | None,
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
    """Run the recurrence over ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.lif.lif`."""
    save = NOTHING
    if torch.is_grad_enabled() and any(a.requires_grad for a in (x, v, decay, threshold)):
        again = x.is_cuda or recompute or refractory or decay.requires_grad
        save = CHECKPOINTS if again else POTENTIAL
    waits = x.new_empty(0) if wait is None else wait
    waits = waits.to(x.device, torch.int32)
    given = v.dtype
    v, decay, threshold = (a.to(state_type(x.dtype)) for a in (v, decay, threshold))
    spikes, last, waits, _, _ = lif_forward(
        x, v, waits, decay, threshold,
        decay_input, reset, detach_reset, refractory, surrogate, alpha, save,
    )  # fmt: skip
    return spikes, last.to(given), None if wait is None else waits.to(wait.dtype)
