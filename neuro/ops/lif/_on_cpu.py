"""The LIF operator on the CPU: tensors handed to compiled loops, in shards."""

import torch
from torch import Tensor

from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty, empty_like
from axonal.neuro.ops._cuda import per_neuron, same_shape
from axonal.neuro.ops._numpy_views import flat, rows, sum_to, values
from axonal.neuro.ops._tangents import refused
from axonal.neuro.ops.lif import _checkpoints, _op, cpu


@_op.lif_forward.register_kernel("cpu")
@refused("lif")
def _(
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
    same_shape("lif", "v", v, x.shape[1:])
    if refractory:
        same_shape("lif", "wait", wait, v.shape)
    decay, threshold = per_neuron(decay, x), per_neuron(threshold, x)
    spikes = empty_like(x)
    saved, waits = _checkpoints.room(x, v, wait, save, empty=empty)
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


@_op.lif_backward.register_kernel("cpu")
@refused("lif")
def _(
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
    d, theta = per_neuron(decay, g_spikes), per_neuron(threshold, g_spikes)
    run = cpu.backward(
        decay_input, reset == "subtract", refractory > 0, save, detach_reset, surrogate,
        learns_decay, learns_threshold, alike,
    )  # fmt: skip
    g = rows(g_spikes)
    arrays = (
        g, g if x is None else rows(x), values(d), values(theta),
        rows(saved), rows(waits), rows(g_x), flat(carry), flat(g_decay), flat(g_threshold),
    )  # fmt: skip
    shards(
        lambda start, stop: run(*arrays, alpha, refractory, start, stop), carry.numel(), g.nbytes
    )
    if learns_decay:
        g_decay = sum_to(g_decay, decay.shape)
    if learns_threshold:
        g_threshold = sum_to(g_threshold, threshold.shape)
    return g_x, carry, g_decay, g_threshold
