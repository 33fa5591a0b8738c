"""The LIF recurrence as an operator of torch: what it allocates, keeps and differentiates.

The loops of `cpu` and the kernels of `cuda` only fill what is allocated here.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import LARGE, empty
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._dispatch import HAS_NUMBA, unobserved
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import gradient_of, gradient_room, same_shape, state_type
from axonal.neuro.ops.lif import cuda
from axonal.neuro.ops.lif._checkpoints import (
    CHECKPOINTS,
    CUDA_SEGMENT,
    NOTHING,
    POTENTIAL,
    SEGMENT,
    room,
)

if HAS_NUMBA:
    from axonal.neuro.ops.lif import cpu


def lif_forward(
    x: Tensor,
    v: Tensor,
    wait: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run forward over x [T, B, ...] and keep nothing; return spikes, v and wait."""
    if v.shape != x.shape[1:]:
        same_shape("lif", "v", v, x.shape[1:])
    if wait is not None:
        same_shape("lif", "wait", wait, v.shape)
        wait = wait.to(torch.int32).clone(memory_format=torch.contiguous_format)
    spikes = torch.empty_like(x) if x.is_contiguous() and x.nbytes < LARGE else empty(x.shape, x)
    v = v.clone(memory_format=torch.contiguous_format)
    cpu.forward(x, decay, threshold, v, wait, spikes, None, None, convention, NOTHING)
    return spikes, v, wait


def lif_saving(
    x: Tensor,
    v: Tensor,
    wait: Tensor,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention,
    save: int,
    on_gpu: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Run forward over x [T, B, ...]; return spikes, v, wait and what `room` allocates."""
    on_gpu = x.is_cuda if on_gpu is None else on_gpu
    same_shape("lif", "v", v, x.shape[1:])
    if convention.refractory:
        same_shape("lif", "wait", wait, v.shape)
    spikes = empty(x.shape, x)
    saved, waits = room(x, v, wait, save, CUDA_SEGMENT if on_gpu else SEGMENT, empty)
    v = v.clone(memory_format=torch.contiguous_format)
    wait = wait.clone(memory_format=torch.contiguous_format)
    fill = cuda.forward if on_gpu else cpu.forward
    fill(x, decay, threshold, v, wait, spikes, saved, waits, convention, save)
    return spikes, v, wait, saved, waits


def _fake_forward(
    x: Tensor, v: Tensor, wait: Tensor, decay: Tensor, threshold: Tensor, _: Convention, save: int
) -> tuple[Tensor, ...]:
    spikes = torch.empty_like(x, memory_format=torch.contiguous_format)
    saved = room(x, v, wait, save, CUDA_SEGMENT if x.is_cuda else SEGMENT)
    return spikes, torch.empty_like(v), torch.empty_like(wait), *saved


def lif_backward(
    g_spikes: Tensor,
    g_v: Tensor,
    x: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    saved: Tensor,
    waits: Tensor,
    convention: Convention,
    save: int,
    learns_decay: bool,
    learns_threshold: bool,
    on_gpu: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run backward from g_spikes [T, B, ...]; return gradients of x, v, decay and threshold."""
    on_gpu = g_spikes.is_cuda if on_gpu is None else on_gpu
    g_x = empty(g_spikes.shape, g_spikes)
    carry = g_v.clone(memory_format=torch.contiguous_format)  # [B, ...], gradient of v
    g_decay, g_threshold = (
        gradient_room(carry, learns_decay),
        gradient_room(carry, learns_threshold),
    )
    fill = cuda.backward if on_gpu else cpu.backward
    fill(
        g_spikes, x, decay, threshold, saved, waits, g_x, carry, g_decay, g_threshold,
        convention, save, learns_decay, learns_threshold,
    )  # fmt: skip
    g_decay = gradient_of(g_decay, decay, learns_decay)
    return g_x, carry, g_decay, gradient_of(g_threshold, threshold, learns_threshold)


def _fake_backward(
    g_spikes: Tensor, g_v: Tensor, x: Tensor | None, decay: Tensor, threshold: Tensor, *others: Any
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    learns_decay, learns_threshold = others[-2:]
    return (
        torch.empty_like(g_spikes, memory_format=torch.contiguous_format),
        torch.empty_like(g_v),
        torch.empty_like(decay) if learns_decay else decay.new_empty(0),
        torch.empty_like(threshold) if learns_threshold else decay.new_empty(0),
    )


_forward = Operator(
    "lif",
    "(Tensor x, Tensor v, Tensor wait, Tensor decay, Tensor threshold, Convention convention, "
    "int save) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    lif_saving,
    _fake_forward,
)
_backward = Operator(
    "lif_backward",
    "(Tensor g_spikes, Tensor g_v, Tensor? x, Tensor decay, Tensor threshold, Tensor saved, "
    "Tensor waits, Convention convention, int save, bool learns_decay, bool learns_threshold) "
    "-> (Tensor, Tensor, Tensor, Tensor)",
    lif_backward,
    _fake_backward,
    of="lif",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, _, _, decay, threshold, convention, save = inputs
    _, _, _, saved, waits = output
    ctx.save_for_backward(x if save == CHECKPOINTS else None, decay, threshold, saved, waits)
    ctx.convention, ctx.save, ctx.shape, ctx.dtype = convention, save, x.shape, x.dtype
    ctx.mark_non_differentiable(saved, waits)
    ctx.set_materialize_grads(False)


def _gradients(ctx: Any, g_spikes: Tensor | None, g_v: Tensor | None, *_: Any) -> tuple[Any, ...]:
    x, decay, threshold, saved, waits = ctx.saved_tensors
    if g_spikes is None:
        g_spikes = saved.new_zeros(ctx.shape, dtype=ctx.dtype)
    if g_v is None:
        g_v = saved.new_zeros(ctx.shape[1:])
    learns_decay, learns_threshold = ctx.needs_input_grad[3:5]
    g_x, g_v0, g_decay, g_threshold = _backward(
        g_spikes, g_v, x, decay, threshold, saved, waits, ctx.convention, ctx.save,
        learns_decay, learns_threshold,
    )  # fmt: skip
    return (
        g_x,
        g_v0,
        None,
        g_decay if learns_decay else None,
        g_threshold if learns_threshold else None,
        None,
        None,
    )


_forward.differentiate(_gradients, _setup)


def lif(
    x: Tensor,
    v: Tensor,
    wait: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention,
    recompute: bool,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run the recurrence over ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.lif.lif`."""
    save = NOTHING
    if torch.is_grad_enabled() and (
        x.requires_grad or v.requires_grad or decay.requires_grad or threshold.requires_grad
    ):
        again = x.is_cuda or recompute or convention.refractory or decay.requires_grad
        save = CHECKPOINTS if again else POTENTIAL
    elif x.is_cpu and unobserved(x, v, decay, threshold):
        return lif_forward(x, v, wait, decay, threshold, convention)
    waits = x.new_empty(0) if wait is None else wait
    waits = waits.to(x.device, torch.int32)
    number, potential = v.dtype, state_type(x.dtype)
    v, decay, threshold = v.to(potential), decay.to(potential), threshold.to(potential)
    spikes, last, waits, _, _ = _forward(x, v, waits, decay, threshold, convention, save)
    return spikes, last.to(number), None if wait is None else waits.to(wait.dtype)
