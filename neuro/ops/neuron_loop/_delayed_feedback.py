"""Feedback of neurons with delays.

Forward, every spike adds a row of weights to each of the next steps. Where a synapse has few taps,
one or two, they are summed one by one instead, samples side by side. Backward, gradients are dense:
such a sum over the taps.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal._base.jit import kernel
from axonal.neuro.ops._buffer_pool import zeros
from axonal.neuro.ops._nonzero import AHEAD, active
from axonal.neuro.ops.delayed_linear import cpu as delayed_cpu
from axonal.neuro.ops.delayed_linear._needs import Needs
from axonal.neuro.ops.delayed_linear._synapses import Synapses
from axonal.neuro.ops.delayed_linear._taps import taps
from axonal.neuro.ops.delayed_linear.cpu import add_8
from axonal.neuro.ops.neuron_loop._feedback import Feedback
from axonal.neuro.ops.neuron_loop._plain_feedback import Grads
from axonal.neuro.ops.neuron_loop._rows_cpu import BITS, add_four

FEW = 0.1
"""Taps per synapse, as a share of all delays, up to which they are summed tap by tap."""

EIGHT = 8
"""Taps that are summed at once."""


class DelayedFeedback:
    """Connections with a delay of their own each."""

    def __init__(self, feedback: Feedback) -> None:
        kernel, max_delay = feedback[5:]
        self.past, weight, self.bias, delay, sigma = (a.detach().contiguous() for a in feedback[:5])
        self.span = max_delay + 1
        self.synapses = Synapses(weight, delay, sigma, kernel, max_delay)
        # what passes straight through a rounding is heard at one step
        heard = "one-tap" if kernel == "straight-through" else kernel
        first, share, _ = taps(delay, float(sigma), heard, max_delay)  # [O, I], [O, I, K]
        self.first, self.shares = first.numpy(), (weight.unsqueeze(-1) * share).numpy()

    def begin(self, spikes: Tensor) -> None:
        """Get ready to run forward, filling ``spikes`` [T, B, N]."""
        self.spikes = spikes
        few = self.shares.shape[2] <= FEW * self.span
        self.hear = self._by_taps(spikes) if few else self._by_spikes(spikes)

    def _by_taps(self, spikes: Tensor) -> Callable[[int, int], Tensor]:
        """Return what sums the taps of every neuron, samples side by side."""
        steps, batch, size = spikes.shape
        delay = self.span - 1 - self.first[:, :, None] - np.arange(self.shares.shape[2])
        where, factor = _listed(delay, self.shares, batch)
        series = zeros((self.span + steps, size, batch), spikes)
        series[: self.span] = self.past.transpose(1, 2)
        found = zeros((size, batch), spikes)
        arrays = found.numpy(), series.numpy().reshape(-1), where, factor

        def hear(t: int, fired: int) -> Tensor:
            if t:
                series[self.span + t - 1] = spikes[t - 1].T
            _sum_taps(t, *arrays)
            return found.T + self.bias

        return hear

    def _by_spikes(self, spikes: Tensor) -> Callable[[int, int], Tensor]:
        """Return what adds, for every spike, a row of weights to each of the next steps."""
        size = spikes.shape[2]
        rows = np.zeros((self.span, size + 1, size), self.shares.dtype)  # [delay, from, to]
        target, source, tap = self.shares.nonzero()
        of_tap = self.first[target, source] + tap, source, target
        rows[of_tap] = self.shares[target, source, tap]
        # what is heard in the next steps, one after another in a ring
        ring = self.bias.repeat(self.span, len(self.past[0]), 1)
        # a state of the user's own may hold other values than spikes
        for late, last in enumerate(self.past.flip(0)):
            for k in range(late, self.span):
                ring[k - late] += last @ torch.from_numpy(rows[k, :-1])
        bits = spikes.numpy().view(BITS[spikes.dtype])
        arrays = ring.numpy(), rows, self.bias.numpy()

        def hear(t: int, fired: int) -> Tensor:
            if t:
                _send(t, bits[t - 1], *arrays)
            return ring[t % self.span]

        return hear

    def begin_back(self, g_x: Tensor) -> None:
        """Get ready to run backward, while ``g_x`` [T, B, N] is filled from its end."""
        steps, batch, size = g_x.shape
        delay = (self.first[:, :, None] + np.arange(self.shares.shape[2])).transpose(1, 0, 2)
        where, factor = _listed(delay, self.shares.transpose(1, 0, 2), batch)
        # samples side by side, and steps behind the last at which nothing is heard
        self.g_x, self.later = g_x, zeros((steps + self.span, size, batch), g_x)
        self.found = zeros((size, batch), g_x)
        self.arrays = self.found.numpy(), self.later.numpy().reshape(-1), where, factor

    def back(self, t: int) -> Tensor:
        """Return the gradient of the spikes of step t through what is heard later [B, N]."""
        if t + 1 < len(self.g_x):
            self.later[t + 1] = self.g_x[t + 1].T
        _sum_taps(t + 1, *self.arrays)
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


@kernel
def _send(t: int, bits: Any, ring: Any, rows: Any, bias: Any) -> None:
    """Add what spikes [B, N] of the step before t make neurons hear, at t and later."""
    batch, size = bits.shape
    where = np.empty(size + AHEAD + 3, np.int64)
    # the place of the step before becomes that of the last one which they reach
    ring[(t - 1) % len(ring)] = bias
    for b in range(batch):
        used = active(bits[b], where)
        for n in range(used, used + 3):
            where[n] = size
        for k in range(len(rows)):
            heard, of_delay = ring[(t + k) % len(ring), b], rows[k]
            for n in range(0, used, 4):
                add_four(heard, of_delay, where, n)


def _listed(steps: Any, shares: Any, batch: int) -> tuple[Any, Any]:
    """Return, for each row of synapses, where their taps read, and with which weights.

    Args:
        steps: of the taps, later than the step at hand [R, S, K].
        shares: their weights [R, S, K].
        batch: samples side by side.

    Returns:
        places in an array [steps, S, batch] and weights [R, n], those of weight zero left out and
        the rest filled up with such.
    """
    sources = shares.shape[1]
    row, source, tap = shares.nonzero()
    count = np.bincount(row, minlength=len(shares))
    most = -(-max(1, count.max(initial=0)) // EIGHT) * EIGHT
    rank = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    where = np.zeros((len(shares), most), np.int64)
    factor = np.zeros((len(shares), most), shares.dtype)
    where[row, rank] = (steps[row, source, tap] * sources + source) * batch
    factor[row, rank] = shares[row, source, tap]
    return where, factor


@kernel
def _sum_taps(t: int, found: Any, series: Any, where: Any, factor: Any) -> None:
    """Sum what the taps of every row read from step t on, samples side by side."""
    size, batch = found.shape
    places = np.empty(where.shape[1], np.int64)
    for i in range(size):
        row = found[i]
        row[:] = 0
        places[:] = where[i]
        places += t * size * batch
        for k in range(0, places.size, EIGHT):
            add_8(row, series, places[k : k + EIGHT], factor[i, k : k + EIGHT])
