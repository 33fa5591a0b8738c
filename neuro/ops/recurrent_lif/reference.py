"""A loop of LIF neurons, written out: the definition of every faster path."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif.reference import step


def recurrent_lif(
    x: Tensor,
    spikes: Tensor,
    v: Tensor,
    wait: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run ``x`` [T, B, N]; see :func:`axonal.neuro.ops.recurrent_lif.recurrent_lif`."""
    made = []
    for x_t in x.unbind(0):
        drive = x_t + F.linear(spikes, weight, bias)
        spikes, v, wait = step(drive, v, wait, decay, threshold, convention)
        made.append(spikes)
    return torch.stack(made), v, wait
