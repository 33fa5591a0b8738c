"""A loop of LIF neurons on a GPU: a product and a kernel a step.

A loop in one kernel would keep the weights on the chip, but needs all its blocks to wait for each
other at every step, and a product of its own: it is left for when it can be measured.
"""

import math

import torch
from torch import Tensor

from axonal.neuro.ops._cuda import THREADS, launch, per_neuron, same_shape
from axonal.neuro.ops.lif.cuda import convention
from axonal.neuro.ops.recurrent_lif._saved import POTENTIAL

FILES = ("_common.cuh", "_neuron.cuh", "recurrent_lif/cuda.cuh")
STEP, REPLAY, BACK = 0, 1, 2


def _start(
    name: str, part: int, choices: dict[str, int], like: Tensor, *given: Tensor | int | float
) -> None:
    """Run a kernel for every neuron and sample; their number is its last argument."""
    cells = given[-1]
    assert isinstance(cells, int)
    learns = {"LEARNS_DECAY": 0, "LEARNS_THRESHOLD": 0}
    choices = learns | choices | {"PART": part, "WIDTH": 1}
    launch(FILES, name, (math.ceil(cells / THREADS),), *given, like=like, choices=choices)


def forward(
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
    """Run the operator's forward pass."""
    for what, given in (("spikes", before), ("v", v)):
        same_shape("recurrent_lif", what, given, x.shape[1:])
    x, decay, threshold = x.contiguous(), per_neuron(decay, x), per_neuron(threshold, x)
    v, wait = (a.clone(memory_format=torch.contiguous_format) for a in (v, wait))
    spikes, feedback = torch.empty_like(x), torch.empty_like(x[0])
    h = v.new_empty(x.shape if save == POTENTIAL else (0, *v.shape))
    # what decides the gradient only is the same for every forward pass
    choices = convention(decay_input, reset, True, refractory, "atan")
    for t in range(len(x)):
        torch.addmm(bias, spikes[t - 1] if t else before, weight.T, out=feedback)
        _start(
            "recurrent_lif_step", STEP, choices, x,
            x[t], feedback, decay, threshold, v, wait, spikes[t],
            h[t] if save == POTENTIAL else h,
            decay.numel(), threshold.numel(), refractory, v.numel(),
        )  # fmt: skip
    return spikes, v, wait, h


def backward(
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
    """Run the operator's backward pass."""
    steps, cells = len(spikes), v.numel()
    g_spikes, v, wait = g_spikes.contiguous(), v.contiguous(), wait.contiguous()
    d, theta = per_neuron(decay, spikes), per_neuron(threshold, spikes)
    choices = convention(decay_input, reset, detach_reset, refractory, surrogate)
    held = spikes.new_empty(spikes.shape if refractory else (steps, 0), dtype=torch.uint8)
    drive = g_spikes
    if x is not None:
        heard = torch.cat((before.unsqueeze(0), spikes[:-1])).flatten(0, 1)
        drive = torch.addmm(bias, heard, weight.T).view_as(x) + x
        h = v.new_empty(spikes.shape)
        plain = convention(decay_input, reset, True, refractory, "atan")
        _start(
            "recurrent_lif_replay", REPLAY, plain, spikes,
            drive, spikes, d, theta, v, wait, h, held,
            d.numel(), theta.numel(), refractory, steps, cells,
        )  # fmt: skip
    g_x, back = torch.empty_like(spikes), torch.empty_like(spikes[0])
    carry = g_v.clone(memory_format=torch.contiguous_format)
    g_decay, g_threshold = (
        torch.zeros_like(carry) if learns else carry.new_empty(0)
        for learns in (learns_decay, learns_threshold)
    )
    choices |= {"LEARNS_DECAY": int(learns_decay), "LEARNS_THRESHOLD": int(learns_threshold)}
    for t in range(steps - 1, -1, -1):
        _start(
            "recurrent_lif_back", BACK, choices, spikes,
            g_spikes[t], back if t < steps - 1 else 0, h[t], h[t - 1] if t else v, held[t],
            spikes[t], spikes[t - 1] if t else 0, drive[t], d, theta,
            g_x[t], carry, g_decay, g_threshold, alpha, d.numel(), theta.numel(), cells,
        )  # fmt: skip
        if t:
            torch.mm(g_x[t], weight, out=back)
    if learns_decay:
        g_decay = g_decay.sum_to_size(decay.shape)
    if learns_threshold:
        g_threshold = g_threshold.sum_to_size(threshold.shape)
    return g_x, carry, g_decay, g_threshold
