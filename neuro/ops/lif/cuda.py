"""The LIF recurrence on a GPU: the macros and the arguments of the kernels in ``cuda.cuh``."""

import math

from torch import Tensor

from axonal.neuro.ops import _neuron_cuda
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._cuda import THREADS, launch, width
from axonal.neuro.ops._neuron_cuda import macros
from axonal.neuro.ops._shapes import per_neuron

FILES = (*_neuron_cuda.FILES, "lif/cuda.cuh")


def forward(
    x: Tensor,
    decay: Tensor,
    threshold: Tensor,
    v: Tensor,
    wait: Tensor,
    spikes: Tensor,
    saved: Tensor,
    waits: Tensor,
    convention: Convention,
    save: int,
) -> None:
    """Fill ``spikes`` [T, B, ...], ``saved`` and ``waits``; move v and wait to the last step."""
    x, decay, threshold = x.contiguous(), per_neuron(decay, x), per_neuron(threshold, x)
    cells = v.numel()
    choices = macros(convention, backward=False) | {"BACKWARD": 0, "WIDTH": width(cells, 4, x)}
    launch(
        FILES, "lif_forward", _blocks(cells, choices),
        x, decay, threshold, v, wait, spikes, saved, waits,
        decay.numel(), threshold.numel(), convention.refractory, len(x), cells,
        like=x, choices=choices,
    )  # fmt: skip


def backward(
    g_spikes: Tensor,
    x: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    saved: Tensor,
    waits: Tensor,
    g_x: Tensor,
    carry: Tensor,
    g_decay: Tensor,
    g_threshold: Tensor,
    convention: Convention,
    save: int,
    learns_decay: bool,
    learns_threshold: bool,
) -> None:
    """Fill ``g_x`` [T, B, ...], g_decay and g_threshold [B, ...]; take carry to the first step."""
    assert x is not None, "on a GPU potentials are computed again, from x"
    g_spikes, x = g_spikes.contiguous(), x.contiguous()
    d, theta = per_neuron(decay, x), per_neuron(threshold, x)
    cells = carry.numel()
    choices = macros(convention, backward=True)
    # a learned decay needs the potential before each step too: more registers per cell
    choices |= {"BACKWARD": 1, "WIDTH": width(cells, 1 if learns_decay else 2, x, g_spikes)}
    choices |= {"LEARNS_DECAY": int(learns_decay), "LEARNS_THRESHOLD": int(learns_threshold)}
    launch(
        FILES, "lif_backward", _blocks(cells, choices),
        g_spikes, x, d, theta, saved, waits, carry, g_x, g_decay, g_threshold,
        convention.alpha, d.numel(), theta.numel(), convention.refractory, len(x), cells,
        like=x, choices=choices,
    )  # fmt: skip


def _blocks(cells: int, choices: dict[str, int | str]) -> tuple[int]:
    return (math.ceil(cells / int(choices["WIDTH"]) / THREADS),)
