"""The same recurrence as two opaque operators: a forward loop and a hand-written backward loop.

Nothing of autograd's graph grows with T, and ``torch.compile`` and ``torch.export`` see one node.
Both loops touch one step at a time, which stays in the cache; only the potential is saved.

Backward, with g the gradients of the outputs, sg the surrogate's slope and carry = dL/dv_t:

    dL/dh_t = g_s sg + g_h + carry dv/dh,   then carry <- decay dL/dh_t
    reset to zero: dv/dh = 1 - s - [h sg];  subtract: dv/dh = 1 - [threshold sg]

where the terms in brackets vanish if the reset is detached. A held (refractory) step copies v, so
its gradient passes through untouched and x gets none.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro._surrogates import derivative


def _absent(wait: Tensor) -> bool:
    # an operator cannot return None: an empty tensor stands for "never refractory"
    return wait.numel() == 0


def _after(h: Tensor, fired: Tensor, threshold: Tensor, reset: str) -> Tensor:
    return h.masked_fill(fired, 0) if reset == "zero" else torch.where(fired, h - threshold, h)


def _tick(wait: Tensor, fired: Tensor, refractory: int) -> Tensor:
    return torch.where(fired, refractory, (wait - 1).clamp_(min=0))


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
    spikes = torch.empty_like(x, memory_format=torch.contiguous_format)
    potential = torch.empty_like(spikes)
    wait = wait.clone()
    share = 1 - decay
    for t, x_t in enumerate(x.unbind(0)):
        h = torch.mul(decay, v, out=potential[t])
        h += share * x_t if decay_input else x_t
        if _absent(wait):
            fired = h >= threshold
        else:
            held = wait > 0
            torch.where(held, v, h, out=h)
            fired = (h >= threshold) & ~held
            wait = _tick(wait, fired, refractory)
        spikes[t] = fired
        v = _after(h, fired, threshold, reset)
    return spikes, potential, v, wait


@_lif.register_fake
def _(x: Tensor, v: Tensor, wait: Tensor, *args: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    spikes = torch.empty_like(x, memory_format=torch.contiguous_format)
    return spikes, torch.empty_like(spikes), torch.empty_like(v), torch.empty_like(wait)


@torch.library.custom_op("axonal::lif_backward", mutates_args=())
def _lif_backward(
    g_spikes: Tensor | None,
    g_potential: Tensor | None,
    g_v: Tensor | None,
    x: Tensor | None,
    v: Tensor,
    wait: Tensor,
    decay: Tensor,
    threshold: Tensor,
    potential: Tensor,
    decay_input: bool,
    reset: str,
    detach_reset: bool,
    refractory: int,
    surrogate: str,
    alpha: float,
    needs_decay: bool,
    needs_threshold: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    steps = potential.shape[0]
    fired, held = _decisions(potential, wait, threshold, refractory)
    g_x = torch.empty_like(potential)
    g_decay = torch.zeros_like(v) if needs_decay else v.new_empty(0)
    g_threshold = torch.zeros_like(v) if needs_threshold else v.new_empty(0)
    carry = torch.zeros_like(v) if g_v is None else g_v
    share = 1 - decay
    for t in reversed(range(steps)):
        h, s = potential[t], fired[t]
        slope = derivative(h - threshold, surrogate, alpha)
        if held is not None:
            slope = slope.masked_fill(held[t], 0)
        if reset == "zero":
            g_h = carry.masked_fill(s, 0)
            through = None if detach_reset else -carry * h * slope
        else:
            g_h = carry
            through = None if detach_reset else -carry * threshold * slope
        if through is not None:
            g_h = g_h + through
        if g_spikes is not None:
            g_h = torch.addcmul(g_h, g_spikes[t], slope)
        if g_potential is not None:
            g_h = g_h + g_potential[t]

        if needs_threshold:
            if g_spikes is not None:
                g_threshold.addcmul_(g_spikes[t], slope, value=-1)
            if through is not None:
                g_threshold -= through
            if reset == "subtract":
                g_threshold -= carry * s
        carry = g_h * decay
        if held is not None:
            carry = torch.where(held[t], g_h, carry)
            g_h = g_h.masked_fill(held[t], 0)
        torch.mul(g_h, share, out=g_x[t]) if decay_input else g_x[t].copy_(g_h)
        if needs_decay:
            before = v if t == 0 else _after(potential[t - 1], fired[t - 1], threshold, reset)
            g_decay.addcmul_(g_h, before if x is None else before - x[t])
    if needs_decay:
        g_decay = g_decay.sum_to_size(decay.shape)
    if needs_threshold:
        g_threshold = g_threshold.sum_to_size(threshold.shape)
    return g_x, carry, g_decay, g_threshold


def _decisions(
    potential: Tensor, wait: Tensor, threshold: Tensor, refractory: int
) -> tuple[Tensor, Tensor | None]:
    """Return which steps fired and which were held, [T, B, ...] of bool, from the potential."""
    fired = potential >= threshold
    if _absent(wait):
        return fired, None
    held = torch.empty_like(fired)
    for t in range(len(fired)):
        torch.gt(wait, 0, out=held[t])
        fired[t] &= ~held[t]
        wait = _tick(wait, fired[t], refractory)
    return fired, held


@_lif_backward.register_fake
def _(
    g_spikes: Tensor | None,
    g_potential: Tensor | None,
    g_v: Tensor | None,
    x: Tensor | None,
    v: Tensor,
    wait: Tensor,
    decay: Tensor,
    threshold: Tensor,
    potential: Tensor,
    *args: Any,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    needs_decay, needs_threshold = args[-2:]
    return (
        torch.empty_like(potential),
        torch.empty_like(v),
        torch.empty_like(decay) if needs_decay else v.new_empty(0),
        torch.empty_like(threshold) if needs_threshold else v.new_empty(0),
    )


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, v, wait, decay, threshold, decay_input = inputs[:6]
    needs_x = decay_input and ctx.needs_input_grad[3]
    ctx.save_for_backward(x if needs_x else None, v, wait, decay, threshold, output[1])
    ctx.settings = inputs[5:]
    ctx.set_materialize_grads(False)


def _gradients(
    ctx: Any, g_spikes: Tensor | None, g_potential: Tensor | None, g_v: Tensor | None, _: Any
) -> tuple[Tensor | None, ...]:
    needs_decay, needs_threshold = ctx.needs_input_grad[3:5]
    g_x, g_v0, g_decay, g_threshold = _lif_backward(
        g_spikes, g_potential, g_v, *ctx.saved_tensors, *ctx.settings, needs_decay, needs_threshold
    )
    return (
        g_x,
        g_v0,
        None,
        g_decay if needs_decay else None,
        g_threshold if needs_threshold else None,
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
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run the recurrence over ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.lif.lif`."""
    waits = x.new_empty(0, dtype=torch.int32) if wait is None else wait
    spikes, potential, last, waits = _lif(
        x, v, waits, decay, threshold,
        decay_input, reset, detach_reset, refractory, surrogate, alpha,
    )  # fmt: skip
    return spikes, potential, last, None if wait is None else waits
