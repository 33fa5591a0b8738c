"""Feedback of neurons with delays.

Forward, every spike adds a row of weights to each of the next steps; where many neurons fired, a
product does. Where a synapse has few taps, one or two, they are summed one by one instead, samples
side by side. Backward, gradients are dense: such a sum over the taps, or a product over all delays.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal._base.jit import kernel
from axonal._base.rows import copy
from axonal.neuro.ops._buffer_pool import empty, zeros
from axonal.neuro.ops._nonzero import AHEAD, active
from axonal.neuro.ops.delayed_linear import cpu as delayed_cpu
from axonal.neuro.ops.delayed_linear._needs import Needs
from axonal.neuro.ops.delayed_linear._synapses import Synapses
from axonal.neuro.ops.delayed_linear._taps import taps
from axonal.neuro.ops.neuron_loop._feedback import Feedback
from axonal.neuro.ops.neuron_loop._plain_feedback import Grads
from axonal.neuro.ops.neuron_loop._rows_cpu import BITS, add_four
from axonal.neuro.ops.neuron_loop._tap_sums import TapSums

FEW = 0.1
"""Taps per synapse, as a share of all delays, up to which they are summed tap by tap."""

FEW_BACK = 0.4
"""The same share where numbers are dense: beyond it a product over all delays is faster."""

DENSE = 0.22
"""Share of neurons that fired from which on a dense product is faster."""


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
        late = self.span - 1 - self.first[:, :, None] - np.arange(self.shares.shape[2])
        # a state of the user's own may hold other values than spikes
        fine = bool(((self.past == 0) | (self.past == 1)).all())
        steps = self.span + len(spikes)
        sums = TapSums(late, self.shares, self.bias, steps, spikes[0], spikes=fine)
        for step, last in enumerate(self.past.numpy()):
            sums.write(step, last)
        fired_at = spikes.numpy()

        def hear(t: int, fired: int) -> Tensor:
            if t:
                sums.write(self.span + t - 1, fired_at[t - 1])
            return sums.sum(t)

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
        dense, many = torch.from_numpy(rows)[:, :size], DENSE * self.past[0].numel()

        def hear(t: int, fired: int) -> Tensor:
            if t and fired <= many:
                _send(t, bits[t - 1], *arrays)
            elif t:
                ring[(t - 1) % self.span] = self.bias
                place = t % self.span
                for part, kept in (
                    (ring[place:], dense[: self.span - place]),
                    (ring[:place], dense[self.span - place :]),
                ):
                    part.baddbmm_(spikes[t - 1].expand(len(part), -1, -1), kept)
            return ring[t % self.span]

        return hear

    def begin_back(self, g_x: Tensor) -> None:
        """Get ready to run backward, while ``g_x`` [T, B, N] is filled from its end."""
        self.g_x = g_x
        few = self.shares.shape[2] <= FEW_BACK * self.span
        self.heard_later = self._back_by_taps(g_x) if few else self._back_by_product(g_x)

    def _back_by_taps(self, g_x: Tensor) -> Callable[[int], Tensor]:
        """Return what sums gradients of later steps tap by tap."""
        late = (self.first[:, :, None] + np.arange(self.shares.shape[2])).transpose(1, 0, 2)
        # behind the last step there are some at which nothing is heard
        steps, shares = len(g_x) + self.span, self.shares.transpose(1, 0, 2)
        sums = TapSums(late, shares, torch.zeros_like(self.bias), steps, g_x[0])
        gradients, last = g_x.numpy(), len(g_x) - 1

        def back(t: int) -> Tensor:
            if t < last:
                sums.write(t + 1, gradients[t + 1])
            return sums.sum(t + 1)

        return back

    def _back_by_product(self, g_x: Tensor) -> Callable[[int], Tensor]:
        """Return what multiplies gradients of later steps with the weights of all delays."""
        steps, batch, size = g_x.shape
        rows = np.zeros((self.span, size, size), self.shares.dtype)  # [delay, from, to]
        target, source, tap = self.shares.nonzero()
        rows[self.first[target, source] + tap, target, source] = self.shares[target, source, tap]
        dense, reach = torch.from_numpy(rows).flatten(0, 1), self.span * size
        later = zeros((batch, steps + self.span, size), g_x)
        found = empty((batch, size), g_x)

        def back(t: int) -> Tensor:
            if t + 1 < steps:
                later[:, t + 1] = g_x[t + 1]
            window = later.as_strided((batch, reach), (later.stride(0), 1), (t + 1) * size)
            return torch.mm(window, dense, out=found)

        return back

    def back(self, t: int) -> Tensor:
        """Return the gradient of the spikes of step t through what is heard later [B, N]."""
        return self.heard_later(t)

    def gradients(self, spikes: Tensor, needs: tuple[bool, bool, bool]) -> Grads:
        """Return the gradients of past, weight and delay, as far as they are needed."""
        needs_past, needs_weight, needs_delay = needs
        history, series = self.past[:-1], torch.cat((self.past[-1:], spikes[:-1]))
        asked = Needs(needs_past, needs_past, needs_weight or needs_delay)
        synapses = self.synapses
        if synapses.kernel == "straight-through" and not needs_delay:
            # the weight's gradient is at its one step; only that of the delay needs those around
            synapses = synapses._replace(kernel="one-tap")
        g_series, g_weight, g_delay = delayed_cpu.backward(
            self.g_x, series, history, synapses, asked
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
    made_last = ring[(t - 1) % len(ring)]
    for b in range(batch):
        copy(made_last[b], bias)
        used = active(bits[b], where)
        for n in range(used, used + 3):
            where[n] = size
        for k in range(len(rows)):
            heard, of_delay = ring[(t + k) % len(ring), b], rows[k]
            for n in range(0, used, 4):
                add_four(heard, of_delay, where, n)
