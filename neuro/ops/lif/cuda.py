"""The LIF recurrence on a GPU: the macros and the arguments of the kernels in ``cuda.cuh``."""

import math

from torch import Tensor

from axonal.neuro.ops import _neuron_cuda
from axonal.neuro.ops._cuda import THREADS, launch, width
from axonal.neuro.ops._gradients import Gradients
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops._neuron_cuda import macros
from axonal.neuro.ops.lif._kept import Kept

FILES = (*_neuron_cuda.FILES, "lif/cuda.cuh")


def forward(x: Tensor, neuron: Neuron, state: State, spikes: Tensor, kept: Kept, save: int) -> None:
    """Fill ``spikes`` [T, B, ...] and ``kept``; move the state to the last step."""
    x, (v, wait), (decay, threshold) = x.contiguous(), state, neuron.rows(x)
    convention = neuron.convention
    cells = v.numel()
    choices = macros(convention, backward=False) | {"BACKWARD": 0, "WIDTH": width(cells, 4, x)}
    launch(
        FILES, "lif_forward", _blocks(cells, choices),
        x, decay, threshold, v, wait, spikes, *kept,
        decay.numel(), threshold.numel(), convention.refractory, len(x), cells,
        like=x, choices=choices,
    )  # fmt: skip


def backward(
    g: Tensor, x: Tensor | None, kept: Kept, neuron: Neuron, save: int, gradients: Gradients
) -> None:
    """Fill, move and add to the gradients, from those of the spikes g [T, B, ...]."""
    assert x is not None, "on a GPU potentials are computed again, from x"
    g, x = g.contiguous(), x.contiguous()
    d, theta = neuron.rows(x)
    g_x, carry, g_decay, g_threshold, learns = gradients
    cells, convention = carry.numel(), neuron.convention
    choices = macros(convention, backward=True)
    # a learned decay needs the potential before each step too: more registers per cell
    choices |= {"BACKWARD": 1, "WIDTH": width(cells, 1 if learns.decay else 2, x, g)}
    choices |= {"LEARNS_DECAY": int(learns.decay), "LEARNS_THRESHOLD": int(learns.threshold)}
    launch(
        FILES, "lif_backward", _blocks(cells, choices),
        g, x, d, theta, *kept, carry, g_x, g_decay, g_threshold,
        convention.alpha, d.numel(), theta.numel(), convention.refractory, len(x), cells,
        like=x, choices=choices,
    )  # fmt: skip


def _blocks(cells: int, choices: dict[str, int | str]) -> tuple[int]:
    return (math.ceil(cells / int(choices["WIDTH"]) / THREADS),)
