"""A loop of LIF neurons as an operator of torch: what it allocates, keeps and differentiates.

The loops of `cpu` and the kernels of `cuda` only fill what is allocated here.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import gradient_of, gradient_room, same_shape, state_type
from axonal.neuro.ops.recurrent_lif import cuda

if HAS_NUMBA:
    from axonal.neuro.ops.recurrent_lif import cpu

NOTHING, POTENTIAL, INPUT = 0, 1, 2
"""Tensors kept for the backward pass beside the spikes: nothing, h [T, B, N], or x."""


def recurrent_forward(
    x: Tensor,
    before: Tensor,
    v: Tensor,
    wait: Tensor,
    weight: Tensor,
    bias: Tensor,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention,
    save: int,
    on_gpu: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run forward over x [T, B, N]; return spikes, v, wait and, where kept, h [T, B, N]."""
    on_gpu = x.is_cuda if on_gpu is None else on_gpu
    size = x.shape[-1]
    waits = {"wait": wait} if convention.refractory else {}
    for what, given in {"spikes": before, "v": v, **waits}.items():
        same_shape("recurrent_lif", what, given, x.shape[1:])
    same_shape("recurrent_lif", "weight", weight, (size, size))
    same_shape("recurrent_lif", "bias", bias, (size,))
    keep = save == POTENTIAL
    spikes, h = empty(x.shape, x), empty(x.shape if keep else (0, *v.shape), v)
    v, wait = (a.clone(memory_format=torch.contiguous_format) for a in (v, wait))
    fill = cuda.forward if on_gpu else cpu.forward
    fill(x, before, weight, bias, decay, threshold, v, wait, spikes, h, convention, keep)
    return spikes, v, wait, h


def _fake_forward(
    x: Tensor, before: Tensor, v: Tensor, wait: Tensor, *others: Any
) -> tuple[Tensor, ...]:
    spikes, last, left = (
        torch.empty_like(a, memory_format=torch.contiguous_format) for a in (x, v, wait)
    )
    return spikes, last, left, v.new_empty(x.shape if others[-1] == POTENTIAL else (0, *v.shape))


def recurrent_backward(
    g_spikes: Tensor,
    g_v: Tensor,
    x: Tensor | None,
    spikes: Tensor,
    before: Tensor,
    v: Tensor,
    wait: Tensor,
    weight: Tensor,
    bias: Tensor,
    decay: Tensor,
    threshold: Tensor,
    h: Tensor,
    convention: Convention,
    save: int,
    learns_decay: bool,
    learns_threshold: bool,
    on_gpu: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run backward from g_spikes [T, B, N]; return gradients of x, v, decay and threshold."""
    on_gpu = g_spikes.is_cuda if on_gpu is None else on_gpu
    g_x = empty(g_spikes.shape, g_spikes)
    carry = g_v.clone(memory_format=torch.contiguous_format)  # [B, N], gradient of v
    # a thread of a GPU sums for its own cell [B, N], the loops of the CPU for neurons [N]
    cells = carry if on_gpu else carry.new_empty(spikes.shape[-1])
    g_decay, g_threshold = (
        gradient_room(cells, learns_decay),
        gradient_room(cells, learns_threshold),
    )
    fill = cuda.backward if on_gpu else cpu.backward
    fill(
        g_spikes, x, spikes, before, v, wait, weight, bias, decay, threshold, h,
        g_x, carry, g_decay, g_threshold, convention, learns_decay, learns_threshold,
    )  # fmt: skip
    g_decay = gradient_of(g_decay, decay, learns_decay)
    return g_x, carry, g_decay, gradient_of(g_threshold, threshold, learns_threshold)


def _fake_backward(
    g_spikes: Tensor, g_v: Tensor, *others: Any
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    decay, threshold, (learns_decay, learns_threshold) = others[7], others[8], others[-2:]
    return (
        torch.empty_like(g_spikes, memory_format=torch.contiguous_format),
        torch.empty_like(g_v, memory_format=torch.contiguous_format),
        torch.empty_like(decay) if learns_decay else decay.new_empty(0),
        torch.empty_like(threshold) if learns_threshold else decay.new_empty(0),
    )


_forward = Operator(
    "recurrent_lif",
    "(Tensor x, Tensor spikes, Tensor v, Tensor wait, Tensor weight, Tensor bias, Tensor decay, "
    "Tensor threshold, Convention convention, int save) -> (Tensor, Tensor, Tensor, Tensor)",
    recurrent_forward,
    _fake_forward,
)
_backward = Operator(
    "recurrent_lif_backward",
    "(Tensor g_spikes, Tensor g_v, Tensor? x, Tensor spikes, Tensor before, Tensor v, Tensor wait, "
    "Tensor weight, Tensor bias, Tensor decay, Tensor threshold, Tensor h, "
    "Convention convention, int save, bool learns_decay, bool learns_threshold) "
    "-> (Tensor, Tensor, Tensor, Tensor)",
    recurrent_backward,
    _fake_backward,
    of="recurrent_lif",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, before, v, wait, weight, bias, decay, threshold, convention, save = inputs
    spikes, _, _, h = output
    ctx.save_for_backward(
        x if save == INPUT else None, spikes, before, v, wait, weight, bias, decay, threshold, h
    )
    ctx.convention, ctx.save = convention, save
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
    g_x, g_v0, g_decay, g_threshold = _backward(
        g_spikes, g_v, x, spikes, before, v, wait, weight, bias, decay, threshold, h,
        ctx.convention, ctx.save, learns_decay, learns_threshold,
    )  # fmt: skip
    g_weight = None
    if needs_weight:
        # step t hears the spikes of step t - 1: [N, (T - 1) B] x [(T - 1) B, N]
        g_weight = _weight_gradient(spikes[:-1].flatten(0, 1), g_x[1:].flatten(0, 1))
        g_weight = torch.addmm(g_weight, g_x[0].T, before)
    return (
        g_x,
        g_x[0] @ weight if needs_before else None,  # [B, N]
        g_v0,
        None,
        g_weight,
        g_x.sum((0, 1)) if needs_bias else None,
        g_decay if learns_decay else None,
        g_threshold if learns_threshold else None,
        None,
        None,
    )


_forward.differentiate(_gradients, _setup)


def recurrent_lif(
    x: Tensor,
    spikes: Tensor,
    v: Tensor,
    wait: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention,
    recompute: bool,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run ``x`` [T, B, N]; see :func:`axonal.neuro.ops.recurrent_lif.recurrent_lif`."""
    waits = x.new_empty(0) if wait is None else wait
    waits = waits.to(x.device, torch.int32)
    bias = x.new_zeros(len(weight)) if bias is None else bias
    given = (x, spikes, v, weight, bias, decay, threshold)
    save = NOTHING
    if torch.is_grad_enabled() and any(a.requires_grad for a in given):
        again = (
            recompute or convention.refractory or (convention.decay_input and decay.requires_grad)
        )
        save = INPUT if again else POTENTIAL
    number, potential = v.dtype, state_type(x.dtype)
    spikes, weight, bias = (a.to(x.dtype) for a in (spikes, weight, bias))
    v, decay, threshold = (a.to(potential) for a in (v, decay, threshold))
    made, last, waits, _ = _forward(
        x, spikes, v, waits, weight, bias, decay, threshold, convention, save
    )
    return made, last.to(number), None if wait is None else waits.to(wait.dtype)
