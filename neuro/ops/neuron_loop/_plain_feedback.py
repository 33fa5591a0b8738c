"""Feedback of neurons without delays, summed at the cost of the spikes.

Forward, every spike adds a row of weights. Backward, gradients are dense: a product per step.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from axonal._base.jit import kernel
from axonal._base.rows import copy
from axonal.neuro.ops._nonzero import AHEAD, active
from axonal.neuro.ops.neuron_loop._feedback import Feedback
from axonal.neuro.ops.neuron_loop._rows_cpu import BITS, add_four
from axonal.neuro.ops.spike_linear._op import of_weight

DENSE = 0.4
"""Share of neurons that fired from which on a dense product is faster."""

Grads = tuple[Tensor | None, Tensor | None, Tensor | None]


class PlainFeedback:
    """Connections without delays beyond the step of the loop."""

    def __init__(self, feedback: Feedback) -> None:
        self.feedback = feedback
        self.before = feedback.past[0].detach().contiguous()
        self.weight, self.bias = feedback.weight.detach().contiguous(), feedback.bias.detach()
        self.heard = torch.empty_like(self.before)  # [B, N]
        self.many = DENSE * self.before.numel()

    def begin(self, spikes: Tensor) -> None:
        """Get ready to run forward, filling ``spikes`` [T, B, N]."""
        # a row of zeros below fills up the last four
        columns = F.pad(self.weight.T, (0, 0, 0, 1)).contiguous()
        bits = spikes.numpy().view(BITS[spikes.dtype])
        self.arrays = self.heard.numpy(), bits, columns.numpy(), self.bias.numpy()
        self.spikes = spikes

    def hear(self, t: int, fired: int) -> Tensor:
        """Return what neurons hear at step t [B, N], of the ``fired`` spikes one step before."""
        if t == 0 or fired > self.many:
            last = self.spikes[t - 1] if t else self.before
            torch.addmm(self.bias, last, self.weight.T, out=self.heard)
        else:
            _gather(t - 1, *self.arrays)
        return self.heard

    def begin_back(self, g_x: Tensor) -> None:
        """Get ready to run backward, while ``g_x`` [T, B, N] is filled from its end."""
        self.g_x = g_x

    def back(self, t: int) -> Tensor:
        """Return the gradient of the spikes of step t through what is heard later [B, N]."""
        if t + 1 < len(self.g_x):
            return torch.mm(self.g_x[t + 1], self.weight, out=self.heard)
        return self.heard.zero_()

    def gradients(self, spikes: Tensor, needs: tuple[bool, bool, bool]) -> Grads:
        """Return the gradients of past, weight and delay, as far as they are needed."""
        needs_past, needs_weight, _ = needs
        g_past = (self.g_x[0] @ self.weight).unsqueeze(0) if needs_past else None
        if not needs_weight:
            return g_past, None, None
        # step t hears the spikes of step t - 1
        g_weight = of_weight(spikes[:-1].flatten(0, 1), self.g_x[1:].flatten(0, 1))
        return g_past, torch.addmm(g_weight, self.g_x[0].T, self.before), None


@kernel
def _gather(t: int, heard: Any, bits: Any, columns: Any, bias: Any) -> None:
    """Sum the columns of weights of the neurons that fired at step t, for every sample."""
    _, batch, size = bits.shape
    where = np.empty(size + AHEAD + 3, np.int64)
    for b in range(batch):
        used = active(bits[t, b], where)
        for k in range(used, used + 3):
            where[k] = size
        row = heard[b]
        copy(row, bias)
        for k in range(0, used, 4):
            add_four(row, columns, where, k)
