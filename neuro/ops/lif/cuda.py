"""The LIF recurrence on a GPU: what ``cuda.cuh`` is compiled for, and what it is given."""

import math

import torch
from torch import Tensor

from axonal.neuro.ops._cuda import THREADS, launch, per_neuron, same_shape, width
from axonal.neuro.ops.lif._checkpoints import CUDA_SEGMENT, room
from axonal.neuro.surrogates._surrogate import number_of

FILES = ("_common.cuh", "_neuron.cuh", "lif/cuda.cuh")


def convention(
    decay_input: bool, reset: str, detach_reset: bool, refractory: int, surrogate: str
) -> dict[str, int]:
    """Return the macros of ``_neuron.cuh``.

    >>> convention(False, "zero", True, 0, "sigmoid")["SURROGATE"]
    1
    """
    return {
        "DECAY_INPUT": int(decay_input),
        "SUBTRACT": int(reset == "subtract"),
        "DETACH": int(detach_reset),
        "REFRACTORY": int(refractory > 0),
        "SURROGATE": number_of(surrogate),
    }


def forward(
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
    """Run the operator's forward pass."""
    same_shape("lif", "v", v, x.shape[1:])
    x, decay, threshold = x.contiguous(), per_neuron(decay, x), per_neuron(threshold, x)
    spikes = torch.empty_like(x)
    saved, waits = room(x, v, wait, save, CUDA_SEGMENT)
    v = v.clone(memory_format=torch.contiguous_format)
    wait = wait.clone(memory_format=torch.contiguous_format)
    cells = v.numel()
    # what decides the gradient only is the same for every forward pass: one kernel less to compile
    choices = convention(decay_input, reset, True, refractory, "atan")
    choices |= {"BACKWARD": 0, "WIDTH": width(cells, 4, x)}
    launch(
        FILES, "lif_forward", (math.ceil(cells / choices["WIDTH"] / THREADS),),
        x, decay, threshold, v, wait, spikes, saved, waits,
        decay.numel(), threshold.numel(), refractory, len(x), cells,
        like=x, choices=choices,
    )  # fmt: skip
    return spikes, v, wait, saved, waits


def backward(
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
    """Run the operator's backward pass; each cell sums its own gradients, torch those of cells."""
    assert x is not None, "on a GPU potentials are computed again, from x"
    g_spikes, x = g_spikes.contiguous(), x.contiguous()
    d, theta = per_neuron(decay, x), per_neuron(threshold, x)
    g_x = torch.empty_like(x)
    carry = g_v.clone(memory_format=torch.contiguous_format)
    g_decay, g_threshold = (
        torch.empty_like(carry) if learns else carry.new_empty(0)
        for learns in (learns_decay, learns_threshold)
    )
    cells = carry.numel()
    choices = convention(decay_input, reset, detach_reset, refractory, surrogate)
    # a learned decay needs the potential before each step too: more registers a cell
    choices |= {"BACKWARD": 1, "WIDTH": width(cells, 1 if learns_decay else 2, x, g_spikes)}
    choices |= {"LEARNS_DECAY": int(learns_decay), "LEARNS_THRESHOLD": int(learns_threshold)}
    launch(
        FILES, "lif_backward", (math.ceil(cells / choices["WIDTH"] / THREADS),),
        g_spikes, x, d, theta, saved, waits, carry, g_x, g_decay, g_threshold,
        alpha, d.numel(), theta.numel(), refractory, len(x), cells,
        like=x, choices=choices,
    )  # fmt: skip
    if learns_decay:
        g_decay = g_decay.sum_to_size(decay.shape)
    if learns_threshold:
        g_threshold = g_threshold.sum_to_size(threshold.shape)
    return g_x, carry, g_decay, g_threshold
