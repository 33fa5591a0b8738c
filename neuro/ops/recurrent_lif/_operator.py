"""A loop of LIF neurons as an opaque operator with a hand-written backward pass."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops._arrays import empty_like
from axonal.neuro.ops.recurrent_lif import cpu
from axonal.neuro.ops.recurrent_lif.cpu import INPUT, NOTHING, POTENTIAL
from axonal.neuro.ops.spike_linear._operator import spike_linear, weight_gradient

DENSE = 0.4
"""Share of neurons that fired from which on a dense product is faster."""

_BITS = {torch.float32: np.int32, torch.float64: np.int64}


def _array(x: Tensor) -> Any:
    return x.detach().contiguous().numpy()


def _row(values: Tensor, size: int) -> Any:
    return _array(values.expand(size))


@torch.library.custom_op("axonal::recurrent_lif", mutates_args=(), device_types="cpu")
def _recurrent_lif(
    x: Tensor,
    before: Tensor,
    v: Tensor,
    wait: Tensor,
    weight: Tensor,
    bias: Tensor,
    decay: Tensor,
    threshold: Tensor,
    decay_input: bool,
    reset: str,
    detach_reset: bool,
    refractory: int,
    surrogate: str,
    alpha: float,
    save: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    steps, _, size = x.shape
    x, spikes = x.contiguous(), empty_like(x)
    h = empty_like(x if save == POTENTIAL else x[:0])
    v, wait = (a.clone(memory_format=torch.contiguous_format) for a in (v, wait))
    columns = F.pad(weight.T, (0, 0, 0, 1)).flatten()
    bits, feedback = _BITS[x.dtype], torch.empty_like(v)
    fired = before.ne(0).to(x.dtype)
    # a state of the user's own may hold other values than spikes
    given = not torch.equal(fired, before)
    run = cpu.forward(decay_input, reset == "subtract", refractory > 0, save == POTENTIAL)
    arrays = (
        feedback.numpy(), x.numpy(), fired.numpy().view(bits), spikes.numpy().view(bits),
        _array(columns), _array(bias), _row(decay, size), _row(threshold, size),
        v.numpy(), wait.numpy(), spikes.numpy(), h.numpy(), refractory, int(DENSE * v.numel()),
    )  # fmt: skip
    t = 0
    while t < steps:
        if given:
            torch.addmm(bias, spikes[t - 1] if t else before, weight.T, out=feedback)
        t, given = run(t, given, *arrays), True
    return spikes, v, wait, h


@_recurrent_lif.register_fake
def _(x: Tensor, before: Tensor, v: Tensor, wait: Tensor, *args: Any) -> tuple[Tensor, ...]:
    kept = x if args[-1] == POTENTIAL else x[:0]
    spikes, last, left, h = (
        torch.empty_like(a, memory_format=torch.contiguous_format) for a in (x, v, wait, kept)
    )
    return spikes, last, left, h


@torch.library.custom_op("axonal::recurrent_lif_backward", mutates_args=(), device_types="cpu")
def _recurrent_lif_backward(
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
    steps, _, size = spikes.shape
    subtract = reset == "subtract"
    v, weight = v.contiguous(), weight.contiguous()
    d, theta = _row(decay, size), _row(threshold, size)
    held = torch.empty(spikes.shape if refractory else (1, 1, 1), dtype=torch.bool).numpy()
    drive = g_spikes
    if x is not None:
        heard = torch.cat((before.unsqueeze(0), spikes[:-1]))
        drive, h = spike_linear(heard, weight).add_(bias).add_(x), empty_like(spikes)
        cpu.replay(decay_input, subtract, refractory > 0)(
            _array(drive), spikes.numpy(), d, theta, v.clone().numpy(), wait.clone().numpy(),
            h.numpy(), held, refractory,
        )  # fmt: skip
    g_x = empty_like(g_spikes)
    carry = g_v.clone(memory_format=torch.contiguous_format)
    g_decay, g_threshold = (
        carry.new_zeros(size if learns else 0) for learns in (learns_decay, learns_threshold)
    )
    run = cpu.backward(
        decay_input, subtract, refractory > 0, detach_reset, surrogate,
        learns_decay, learns_threshold,
    )  # fmt: skip
    back = torch.zeros_like(carry)
    arrays = (
        _array(g_spikes), back.numpy(), h.numpy(), held, spikes.numpy(), v.numpy(), _array(drive),
        d, theta, g_x.numpy(), carry.numpy(), g_decay.numpy(), g_threshold.numpy(), alpha,
    )  # fmt: skip
    for t in range(steps - 1, -1, -1):
        run(t, *arrays)
        if t:
            torch.mm(g_x[t], weight, out=back)
    if learns_decay:
        g_decay = g_decay.sum_to_size(decay.shape)
    if learns_threshold:
        g_threshold = g_threshold.sum_to_size(threshold.shape)
    return g_x, carry, g_decay, g_threshold


@_recurrent_lif_backward.register_fake
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


def _gradients(ctx: Any, g_spikes: Tensor | None, g_v: Tensor | None, *_: Any) -> tuple[Any, ...]:
    x, spikes, before, v, wait, weight, bias, decay, threshold, h = ctx.saved_tensors
    _, needs_before, _, _, needs_weight, needs_bias, learns_decay, learns_threshold = (
        ctx.needs_input_grad[:8]
    )
    g_spikes = torch.zeros_like(spikes) if g_spikes is None else g_spikes
    g_v = torch.zeros_like(v) if g_v is None else g_v
    g_x, g_v0, g_decay, g_threshold = _recurrent_lif_backward(
        g_spikes, g_v, x, spikes, before, v, wait, weight, bias, decay, threshold, h,
        *ctx.settings, learns_decay, learns_threshold,
    )  # fmt: skip
    g_weight = None
    if needs_weight:
        # one product over all steps, at the cost of the spikes that there are
        g_weight = weight_gradient(spikes[:-1].flatten(0, 1), g_x[1:].flatten(0, 1))
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


_recurrent_lif.register_autograd(_gradients, setup_context=_setup)


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
    waits = x.new_empty(0, dtype=torch.int32) if wait is None else wait
    bias = x.new_zeros(len(weight)) if bias is None else bias
    save = NOTHING
    learns = (x, spikes, v, weight, bias, decay, threshold)
    if torch.is_grad_enabled() and any(a.requires_grad for a in learns):
        again = recompute or refractory or (decay_input and decay.requires_grad)
        save = INPUT if again else POTENTIAL
    made, last, waits, _ = _recurrent_lif(
        x, spikes, v, waits, weight, bias, decay, threshold,
        decay_input, reset, detach_reset, refractory, surrogate, alpha, save,
    )  # fmt: skip
    return made, last, None if wait is None else waits
