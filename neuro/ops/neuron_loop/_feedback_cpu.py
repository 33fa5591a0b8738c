"""What neurons hear of each other, summed at the cost of the spikes, and the way of its gradient.

Forward, every spike adds rows of weights: one row for plain connections, one per step of delay for
delayed ones, each to what is heard that many steps later. Backward, gradients are dense: a product
per step for plain connections; for delayed ones a sum over their taps, samples side by side.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal.neuro.ops._buffer_pool import zeros
from axonal.neuro.ops._nonzero import AHEAD, active
from axonal.neuro.ops.delayed_linear import cpu as delayed_cpu
from axonal.neuro.ops.delayed_linear._needs import Needs
from axonal.neuro.ops.delayed_linear._synapses import Synapses
from axonal.neuro.ops.delayed_linear._taps import taps
from axonal.neuro.ops.delayed_linear.reference import delay_kernel
from axonal.neuro.ops.neuron_loop._feedback import Feedback
from axonal.neuro.ops.spike_linear._op import of_weight

DENSE = 0.4
"""Share of neurons that fired from which on a dense product is faster."""

_BITS = {torch.float32: np.int32, torch.float64: np.int64}
Grads = tuple[Tensor | None, Tensor | None, Tensor | None]


def connections(feedback: Feedback) -> "Plain | Delayed":
    """Return the feedback as it runs, delayed or not."""
    return Delayed(feedback) if feedback.kernel else Plain(feedback)


class Plain:
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
        bits = spikes.numpy().view(_BITS[spikes.dtype])
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


class Delayed:
    """Connections with a delay of their own each."""

    def __init__(self, feedback: Feedback) -> None:
        past, weight, self.bias, delay, sigma, kernel, max_delay = (
            a.detach().contiguous() if isinstance(a, Tensor) else a for a in feedback
        )
        self.past, self.span = past, max_delay + 1
        self.synapses = Synapses(weight, delay, sigma, kernel, max_delay)

    def begin(self, spikes: Tensor) -> None:
        """Get ready to run forward, filling ``spikes`` [T, B, N]."""
        weight, delay, sigma, kernel, max_delay = self.synapses
        rows = delay_kernel(weight, delay, float(sigma), kernel, max_delay)  # [O, I, K]
        rows = rows.permute(2, 1, 0).contiguous()  # [K, I, O]
        # what is heard in the next steps, one after another in a ring
        self.ring = self.bias.repeat(self.span, len(self.past[0]), 1)
        self.arrays = self.ring.numpy(), rows.numpy(), self.bias.numpy()
        past = self.past.numpy()
        for j in range(self.span):
            _send(past[j], past[j].view(_BITS[spikes.dtype]), *self.arrays, 0, self.span - 1 - j)
        self.spikes = spikes.numpy()
        self.bits = self.spikes.view(_BITS[spikes.dtype])

    def hear(self, t: int, fired: int) -> Tensor:
        """Return what neurons hear at step t [B, N]."""
        if t:
            _clear(t - 1, *self.arrays)
            _send(self.spikes[t - 1], self.bits[t - 1], *self.arrays, t, 0)
        return self.ring[t % self.span]

    def begin_back(self, g_x: Tensor) -> None:
        """Get ready to run backward, while ``g_x`` [T, B, N] is filled from its end."""
        weight, delay, sigma, kernel, max_delay = self.synapses
        first, share, _ = taps(delay, float(sigma), kernel, max_delay)  # [O, I], [O, I, K]
        steps, batch, size = g_x.shape
        where, factor = _reached(first.numpy(), (weight.unsqueeze(-1) * share).numpy())
        # samples side by side, and steps behind the last at which nothing is heard
        self.g_x, self.later = g_x, zeros((steps + self.span, size, batch), g_x)
        self.found = zeros((size, batch), g_x)
        self.back_arrays = self.found.numpy(), self.later.numpy().reshape(-1, batch), where, factor

    def back(self, t: int) -> Tensor:
        """Return the gradient of the spikes of step t through what is heard later [B, N]."""
        if t + 1 < len(self.g_x):
            self.later[t + 1] = self.g_x[t + 1].T
        _reach(t, *self.back_arrays)
        return self.found.T.contiguous()

    def gradients(self, spikes: Tensor, needs: tuple[bool, bool, bool]) -> Grads:
        """Return the gradients of past, weight and delay, as far as they are needed."""
        needs_past, needs_weight, needs_delay = needs
        history, series = self.past[:-1], torch.cat((self.past[-1:], spikes[:-1]))
        asked = Needs(needs_past, needs_past, needs_weight or needs_delay)
        g_series, g_weight, g_delay = delayed_cpu.backward(
            self.g_x, series, history, self.synapses, asked
        )
        return (
            g_series[: self.span] if needs_past else None,
            g_weight if needs_weight else None,
            g_delay if needs_delay else None,
        )


@jit
def _add_four(y: Any, rows: Any, where: Any, k: int) -> None:
    w, x, v, u = rows[where[k]], rows[where[k + 1]], rows[where[k + 2]], rows[where[k + 3]]
    for j in range(y.size):
        y[j] += (w[j] + x[j]) + (v[j] + u[j])


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
        row[:] = bias
        for k in range(0, used, 4):
            _add_four(row, columns, where, k)


@kernel
def _clear(t: int, ring: Any, rows: Any, bias: Any) -> None:
    """Begin the place of step t anew, for a step that many later as the ring is long."""
    ring[t % len(ring)] = bias


@kernel
def _send(
    spikes: Any, bits: Any, ring: Any, rows: Any, bias: Any, t: int, late: int
) -> None:  # fmt: skip
    """Add what spikes [B, N] of the step before t, or ``late`` earlier, make neurons hear."""
    batch, size = spikes.shape
    where = np.empty(size + AHEAD, np.int64)
    for b in range(batch):
        used = active(bits[b], where)
        for k in range(late, len(rows)):
            heard, of_delay = ring[(t + k - late) % len(ring), b], rows[k]
            for n in range(used):
                value, row = spikes[b, where[n]], of_delay[where[n]]
                for j in range(size):
                    heard[j] += value * row[j]


def _reached(first: Any, shares: Any) -> tuple[Any, Any]:
    """Return, for each source, where its taps read gradients one step later, and their weights.

    Both are lists of one length for all sources, filled up with weights of zero. A place counts
    rows of [steps, O].
    """
    outputs, inputs, count = shares.shape
    steps = first[:, :, None] + np.arange(count)  # [O, I, K]
    place = (steps * outputs + np.arange(outputs)[:, None, None]).transpose(1, 0, 2)
    factor = shares.transpose(1, 0, 2).reshape(inputs, -1)
    # taps beyond the longest delay are zero
    place = np.where(factor != 0, place.reshape(inputs, -1), 0)
    order = np.argsort(factor == 0, axis=1, kind="stable")
    most = -(-max(1, int((factor != 0).sum(1).max(initial=0))) // 4) * 4
    pad = ((0, 0), (0, max(0, most - order.shape[1])))
    where, by = (np.pad(np.take_along_axis(a, order, 1)[:, :most], pad) for a in (place, factor))
    return np.ascontiguousarray(where), np.ascontiguousarray(by)


@kernel
def _reach(t: int, found: Any, later: Any, where: Any, factor: Any) -> None:
    """Sum the gradients that the taps of every source read after step t, samples side by side."""
    size, batch = found.shape
    start = (t + 1) * size
    for i in range(size):
        row = found[i]
        row[:] = 0
        for k in range(0, where.shape[1], 4):
            a, b = later[start + where[i, k]], later[start + where[i, k + 1]]
            c, d = later[start + where[i, k + 2]], later[start + where[i, k + 3]]
            f, g, h, e = factor[i, k], factor[i, k + 1], factor[i, k + 2], factor[i, k + 3]
            for j in range(batch):
                row[j] += (f * a[j] + g * b[j]) + (h * c[j] + e * d[j])
