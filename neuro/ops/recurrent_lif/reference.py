"""A loop of LIF neurons, written out: the definition of every faster path."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops._neuron import Neuron
from axonal.neuro.ops.lif.reference import step
from axonal.neuro.ops.recurrent_lif._feedback import LoopState


def recurrent_lif(
    x: Tensor, state: LoopState, weight: Tensor, bias: Tensor | None, neuron: Neuron
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run ``x`` [T, B, N]; see :func:`axonal.neuro.ops.recurrent_lif.recurrent_lif`."""
    (spikes, v, wait), made = state, []
    for x_t in x.unbind(0):
        drive = x_t + F.linear(spikes, weight, bias)
        spikes, v, wait = step(drive, v, wait, *neuron)
        made.append(spikes)
    return torch.stack(made), v, wait
