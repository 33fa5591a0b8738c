"""The LIF recurrence as an opaque operator with a hand-written backward pass."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._arrays import flat, rows, values
from axonal.neuro.ops._memory import empty_like
from axonal.neuro.ops._numba import shards
from axonal.neuro.ops.lif import cpu
from axonal.neuro.ops.lif.cpu import CHECKPOINTS, NOTHING, POTENTIAL, SEGMENT


def _saved(
    x: Tensor, wait: Tensor, save: int, room: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Room for what the backward pass needs, in the shapes that `cpu` describes."""
    segments = -(-x.shape[0] // SEGMENT) if save == CHECKPOINTS else 0
    saved = room(x if save == POTENTIAL else x[:segments])
    waits = wait.new_empty(segments, *wait.shape) if wait.numel() else wait.new_empty(0, 0)
    return saved, waits


@torch.library.custom_op("axonal::lif", mutates_args=(), device_types="cpu")
def _lif(
    x: Tensor,
    v: Tensor,
    wait: Tensor,
    decay: Tensor,
    threshold: Tensor,
    decay_input: bool,
    reset: str,
    detach_reset: bool,
    refractory: int,
    surrogate: str,
    alpha: float,
    save: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    spikes = empty_like(x)
    saved, waits = _saved(x, wait, save, empty_like)
    v = v.clone(memory_format=torch.contiguous_format)
    wait = wait.clone(memory_format=torch.contiguous_format)
    alike = not refractory and decay.numel() == threshold.numel() == 1
    run = cpu.forward(decay_input, reset == "subtract", refractory > 0, save, alike)
    arrays = (
        rows(x), values(decay), values(threshold), flat(v), flat(wait),
        rows(spikes), rows(saved), rows(waits),
    )  # fmt: skip
    shards(lambda start, stop: run(*arrays, refractory, start, stop), v.numel(), x.nbytes)
    return spikes, v, wait, saved, waits


@_lif.register_fake
def _(x: Tensor, v: Tensor, wait: Tensor, *args: Any) -> tuple[Tensor, ...]:
    room = functools.partial(torch.empty_like, memory_format=torch.contiguous_format)
    return room(x), torch.empty_like(v), torch.empty_like(wait), *_saved(x, wait, args[-1], room)


@torch.library.custom_op("axonal::lif_backward", mutates_args=(), device_types="cpu")
def _lif_backward(
    g_spikes: Tensor,
    g_v: Tensor,
    x: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    saved: Tensor,
    waits: Tensor,
    decay_input: bool,
    reset: str,
    detach_reset: bool,
    refractory: int,
    surrogate: str,
    alpha: float,
    save: int,
    learns_decay: bool,
    learns_threshold: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    g_x = empty_like(g_spikes)
    carry = g_v.clone(memory_format=torch.contiguous_format)
    g_decay, g_threshold = (
        torch.zeros_like(carry) if learns else carry.new_empty(0)
        for learns in (learns_decay, learns_threshold)
    )
    learns = learns_decay or learns_threshold
    alike = not (refractory or learns) and decay.numel() == threshold.numel() == 1
    run = cpu.backward(
        decay_input, reset == "subtract", refractory > 0, save, detach_reset, surrogate,
        learns_decay, learns_threshold, alike,
    )  # fmt: skip
    g = rows(g_spikes)
    arrays = (
        g, g if x is None else rows(x), values(decay), values(threshold),
        rows(saved), rows(waits), rows(g_x), flat(carry), flat(g_decay), flat(g_threshold),
    )  # fmt: skip
    shards(
        lambda start, stop: run(*arrays, alpha, refractory, start, stop), carry.numel(), g.nbytes
    )
    if learns_decay:
        g_decay = g_decay.sum_to_size(decay.shape)
    if learns_threshold:
        g_threshold = g_threshold.sum_to_size(threshold.shape)
    return g_x, carry, g_decay, g_threshold


@_lif_backward.register_fake
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
    ctx.settings, ctx.shape = inputs[5:], x.shape
    ctx.mark_non_differentiable(saved, waits)
    ctx.set_materialize_grads(False)


def _gradients(ctx: Any, g_spikes: Tensor | None, g_v: Tensor | None, *_: Any) -> tuple[Any, ...]:
    x, decay, threshold, saved, waits = ctx.saved_tensors
    if g_spikes is None:
        g_spikes = saved.new_zeros(ctx.shape)
    if g_v is None:
        g_v = torch.zeros_like(g_spikes[0])
    learns_decay, learns_threshold = ctx.needs_input_grad[3:5]
    g_x, g_v0, g_decay, g_threshold = _lif_backward(
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


_lif.register_autograd(_gradients, setup_context=_setup)


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
        again = recompute or refractory or decay.requires_grad
        save = CHECKPOINTS if again else POTENTIAL
    waits = x.new_empty(0, dtype=torch.int32) if wait is None else wait
    spikes, last, waits, _, _ = _lif(
        x, v, waits, decay, threshold,
        decay_input, reset, detach_reset, refractory, surrogate, alpha, save,
    )  # fmt: skip
    return spikes, last, None if wait is None else waits
