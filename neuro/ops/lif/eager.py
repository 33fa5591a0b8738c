"""The same recurrence as two opaque operators: a forward loop and a hand-written backward loop.

The surrogate derivative is evaluated for all steps at once and only the recurrence itself is a loop, so
nothing of autograd's graph grows with T, and ``torch.compile`` and ``torch.export`` see one node.

Backward, with g the gradients of the outputs and carry = dL/dv_t (0 after the last step, plus g_v):
    dL/dh_t = g_s * sg_t + g_h + carry * dv/dh,   carry <- dL/dh_t * decay
    reset to zero: v = h (1 - s), dv/dh = 1 - s - [h sg];   subtract: v = h - threshold s,
    dv/dh = 1 - [threshold sg];   the terms in brackets vanish where the reset is detached.
    A held (refractory) step copies v, so its gradient passes through untouched and x gets none.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro._surrogates import derivative


def _absent(wait: Tensor) -> bool:
    # an operator cannot return None: an empty tensor stands for "this neuron is never refractory"
    return wait.numel() == 0


@torch.library.custom_op("axonal::lif", mutates_args=())
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
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    drive = (1 - decay) * x if decay_input else x
    spikes = torch.empty_like(x, memory_format=torch.contiguous_format)
    potential = torch.empty_like(spikes)
    wait = wait.clone()
    for t in range(x.shape[0]):
        h = decay * v + drive[t]
        fired = h >= threshold
        if not _absent(wait):
            held = wait > 0
            h = torch.where(held, v, h)
            fired &= ~held
            wait = torch.where(fired, refractory, (wait - 1).clamp_(min=0))
        spikes[t] = fired
        potential[t] = h
        v = h.masked_fill(fired, 0) if reset == "zero" else torch.where(fired, h - threshold, h)
    return spikes, potential, v, wait


@_lif.register_fake
def _(x: Tensor, v: Tensor, wait: Tensor, *args: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        torch.empty_like(x, memory_format=torch.contiguous_format),
        torch.empty_like(x, memory_format=torch.contiguous_format),
        torch.empty_like(v),
        torch.empty_like(wait),
    )


def _held(spikes: Tensor, wait: Tensor, refractory: int) -> Tensor:
    """Return which steps were refractory, [T, B, ...] of bool, from the spikes they left."""
    held = torch.empty_like(spikes, dtype=torch.bool)
    for t in range(spikes.shape[0]):
        held[t] = wait > 0
        wait = torch.where(spikes[t] > 0, refractory, (wait - 1).clamp(min=0))
    return held


@torch.library.custom_op("axonal::lif_backward", mutates_args=())
def _lif_backward(
    g_spikes: Tensor,
    g_potential: Tensor,
    g_v: Tensor,
    x: Tensor,
    v: Tensor,
    wait: Tensor,
    decay: Tensor,
    threshold: Tensor,
    spikes: Tensor,
    potential: Tensor,
    decay_input: bool,
    reset: str,
    detach_reset: bool,
    refractory: int,
    surrogate: str,
    alpha: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    slope = derivative(potential - threshold, surrogate, alpha)
    held = None if _absent(wait) else _held(spikes, wait, refractory)
    if held is not None:
        slope = slope.masked_fill(held, 0)
    if reset == "zero":
        dv_dh = 1 - spikes
        dv_dh = dv_dh if detach_reset else dv_dh - potential * slope
    else:
        dv_dh = torch.ones_like(slope) if detach_reset else 1 - threshold * slope
    direct = g_spikes * slope + g_potential

    g_h = torch.empty_like(potential)
    carries = torch.empty_like(potential)
    carry = g_v
    for t in reversed(range(x.shape[0])):
        carries[t] = carry
        torch.addcmul(direct[t], carry, dv_dh[t], out=g_h[t])
        carry = g_h[t] * decay
        if held is not None:
            carry = torch.where(held[t], g_h[t], carry)
    g_v0 = carry

    g_threshold = -g_spikes * slope
    if reset == "zero":
        v_all = potential * (1 - spikes)
        if not detach_reset:
            g_threshold += carries * potential * slope
    else:
        v_all = torch.where(spikes > 0, potential - threshold, potential)
        g_threshold -= carries * (spikes if detach_reset else spikes - threshold * slope)

    if held is not None:
        g_h = g_h.masked_fill(held, 0)
    before = torch.cat((v.unsqueeze(0), v_all[:-1]))
    g_decay = g_h * ((before - x) if decay_input else before)
    g_x = g_h * (1 - decay) if decay_input else g_h
    return (
        g_x,
        g_v0,
        g_decay.sum_to_size(decay.shape),
        g_threshold.sum_to_size(threshold.shape),
    )


@_lif_backward.register_fake
def _(
    g_spikes: Tensor,
    g_potential: Tensor,
    g_v: Tensor,
    x: Tensor,
    v: Tensor,
    wait: Tensor,
    decay: Tensor,
    threshold: Tensor,
    *args: Any,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    contiguous = torch.empty_like(x, memory_format=torch.contiguous_format)
    return contiguous, torch.empty_like(v), torch.empty_like(decay), torch.empty_like(threshold)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.save_for_backward(*inputs[:5], output[0], output[1])
    ctx.settings = inputs[5:]
    ctx.mark_non_differentiable(output[3])


def _gradients(ctx: Any, g_spikes: Tensor, g_potential: Tensor, g_v: Tensor, _: Tensor) -> Any:
    grads = _lif_backward(g_spikes, g_potential, g_v, *ctx.saved_tensors, *ctx.settings)
    g_x, g_v0, g_decay, g_threshold = grads
    return g_x, g_v0, None, g_decay, g_threshold, *(None for _ in ctx.settings)


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
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run the recurrence over ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.lif.lif`."""
    waits = x.new_empty(0, dtype=torch.int32) if wait is None else wait
    spikes, potential, last, waits = _lif(
        x, v, waits, decay, threshold,
        decay_input, reset, detach_reset, refractory, surrogate, alpha,
    )  # fmt: skip
    return spikes, potential, last, None if wait is None else waits
