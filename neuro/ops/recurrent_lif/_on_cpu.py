"""The loop of LIF neurons on the CPU: compiled loops, and dense products where many fire."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty_like
from axonal.neuro.ops._cuda import same_shape
from axonal.neuro.ops._numpy_views import sum_to
from axonal.neuro.ops._tangents import refused
from axonal.neuro.ops.recurrent_lif import _op, cpu
from axonal.neuro.ops.recurrent_lif._saved import POTENTIAL
from axonal.neuro.ops.spike_linear._op import spike_linear

DENSE = 0.4
"""Share of neurons that fired from which on a dense product is faster."""

_BITS = {torch.float32: np.int32, torch.float64: np.int64}


def _array(x: Tensor) -> Any:
    return x.detach().contiguous().numpy()


def _row(values: Tensor, size: int) -> Any:
    return _array(values.expand(size))


@_op.forward.register_kernel("cpu")
@refused("recurrent_lif")
def _(
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
    for what, given in (("spikes", before), ("v", v), ("wait", wait if refractory else v)):
        same_shape("recurrent_lif", what, given, x.shape[1:])
    same_shape("recurrent_lif", "weight", weight, (size, size))
    same_shape("recurrent_lif", "bias", bias, (size,))
    x, spikes = x.contiguous(), empty_like(x)
    h = empty_like(x if save == POTENTIAL else x[:0])
    v, wait = (a.clone(memory_format=torch.contiguous_format) for a in (v, wait))
    columns = F.pad(weight.T, (0, 0, 0, 1)).flatten()
    bits, feedback = _BITS[x.dtype], torch.empty_like(v)
    before = before.contiguous()
    fired = before.ne(0).to(x.dtype)
    # a state of the user's own may hold other values than spikes
    dense = not torch.equal(fired, before)
    run = cpu.forward(decay_input, reset == "subtract", refractory > 0, save == POTENTIAL)
    arrays = (
        feedback.numpy(), x.numpy(), fired.numpy().view(bits), spikes.numpy().view(bits),
        _array(columns), _array(bias), _row(decay, size), _row(threshold, size),
        v.numpy(), wait.numpy(), spikes.numpy(), h.numpy(), refractory, int(DENSE * v.numel()),
    )  # fmt: skip
    t = 0
    while t < steps:
        if dense:
            torch.addmm(bias, spikes[t - 1] if t else before, weight.T, out=feedback)
        t, dense = run(t, dense, *arrays), True
    return spikes, v, wait, h


@_op.backward.register_kernel("cpu")
@refused("recurrent_lif")
def _(
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
        g_decay = sum_to(g_decay, decay.shape)
    if learns_threshold:
        g_threshold = sum_to(g_threshold, threshold.shape)
    return g_x, carry, g_decay, g_threshold
