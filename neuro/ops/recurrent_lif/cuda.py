"""A loop of LIF neurons on a GPU: a product and a kernel per step.

A loop in one kernel would keep the weights on the chip, but needs all its blocks to wait for each
other at every step, and a product of its own: it is left for when it can be measured.
"""

import math

import torch
from torch import Tensor

from axonal.neuro.ops import _neuron_cuda
from axonal.neuro.ops._cuda import THREADS, launch
from axonal.neuro.ops._gradients import Gradients
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops._neuron_cuda import macros
from axonal.neuro.ops.recurrent_lif._feedback import Feedback
from axonal.neuro.ops.recurrent_lif._kept import Kept

FILES = (*_neuron_cuda.FILES, "recurrent_lif/cuda.cuh")
STEP, REPLAY, BACK = 0, 1, 2


def _start(
    name: str, part: int, choices: dict[str, int | str], like: Tensor, *given: Tensor | int | float
) -> None:
    """Run a kernel for every neuron and sample; their number is its last argument."""
    cells = given[-1]
    assert isinstance(cells, int)
    learns: dict[str, int | str] = {"LEARNS_DECAY": 0, "LEARNS_THRESHOLD": 0}
    choices = learns | choices | {"PART": part, "WIDTH": 1}
    launch(FILES, name, (math.ceil(cells / THREADS),), *given, like=like, choices=choices)


def forward(
    x: Tensor, feedback: Feedback, state: State, neuron: Neuron, spikes: Tensor, h: Tensor
) -> None:
    """Fill ``spikes`` [T, B, N] and, unless it is empty, ``h``; move the state to the last step."""
    before, weight, bias = feedback
    x, (decay, threshold), convention = x.contiguous(), neuron.rows(x), neuron.convention
    heard = torch.empty_like(x[0])  # [B, N]
    choices = macros(convention, backward=False)
    for t in range(len(x)):
        torch.addmm(bias, spikes[t - 1] if t else before, weight.T, out=heard)
        _start(
            "recurrent_lif_step", STEP, choices, x,
            x[t], heard, decay, threshold, *state, spikes[t], h[t] if len(h) else h,
            decay.numel(), threshold.numel(), convention.refractory, state.v.numel(),
        )  # fmt: skip


def backward(
    g: Tensor, kept: Kept, feedback: Feedback, state: State, neuron: Neuron, gradients: Gradients
) -> None:
    """Fill, move and add to the gradients, from those of the spikes g [T, B, N]."""
    x, spikes, h = kept
    before, weight, bias = feedback
    g_x, carry, g_decay, g_threshold, learns = gradients
    convention, (d, theta) = neuron.convention, neuron.rows(spikes)
    steps, cells = len(spikes), carry.numel()
    g, v, wait = g.contiguous(), state.v.contiguous(), state.wait.contiguous()
    held = spikes.new_empty(
        spikes.shape if convention.refractory else (steps, 0), dtype=torch.uint8
    )
    drive = g
    if x is not None:
        heard = torch.cat((before.unsqueeze(0), spikes[:-1])).flatten(0, 1)  # [T B, N]
        drive = torch.addmm(bias, heard, weight.T).view_as(x) + x  # [T, B, N]
        h = v.new_empty(spikes.shape)
        _start(
            "recurrent_lif_replay", REPLAY, macros(convention, backward=False), spikes,
            drive, spikes, d, theta, v, wait, h, held,
            d.numel(), theta.numel(), convention.refractory, steps, cells,
        )  # fmt: skip
    back = torch.empty_like(spikes[0])  # [B, N], gradient through the feedback
    choices = macros(convention, backward=True)
    choices |= {"LEARNS_DECAY": int(learns.decay), "LEARNS_THRESHOLD": int(learns.threshold)}
    for t in range(steps - 1, -1, -1):
        _start(
            "recurrent_lif_back", BACK, choices, spikes,
            g[t], back if t < steps - 1 else 0, h[t], h[t - 1] if t else v, held[t],
            spikes[t], spikes[t - 1] if t else 0, drive[t], d, theta,
            g_x[t], carry, g_decay, g_threshold, convention.alpha,
            d.numel(), theta.numel(), cells,
        )  # fmt: skip
        if t:
            torch.mm(g_x[t], weight, out=back)
