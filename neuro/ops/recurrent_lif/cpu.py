"""A loop of LIF neurons compiled for the CPU: step by step, because every neuron hears the others.

Forward, the rows of weights of the neurons that fired are added, at the cost of the spikes; where
too many fire, the loops hand over to a dense product for one step. Backward, the gradients of
spikes are dense: between two dense products these loops do one step.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal._base.rows import add, copy
from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._gradients import Gradients
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops._neuron_cpu import after, charge, derivative, number_of
from axonal.neuro.ops._nonzero import AHEAD, active, count
from axonal.neuro.ops.recurrent_lif._feedback import Feedback
from axonal.neuro.ops.recurrent_lif._kept import Kept
from axonal.neuro.ops.spike_linear._op import spike_linear

BLOCK = 1024
"""Neurons of one sample whose parameters are kept in the cache."""


DENSE = 0.4
"""Share of neurons that fired from which on a dense product is faster."""

_BITS = {torch.float32: np.int32, torch.float64: np.int64}


def _array(x: Tensor) -> Any:
    return x.detach().contiguous().numpy()


def _row(values: Tensor, size: int) -> Any:
    return _array(values.expand(size))


def forward(
    x: Tensor, feedback: Feedback, state: State, neuron: Neuron, spikes: Tensor, h: Tensor
) -> None:
    """Fill ``spikes`` [T, B, N] and, unless it is empty, ``h``; move the state to the last step."""
    steps, _, size = x.shape
    before, weight, bias = feedback
    v, wait = state
    decay, threshold, (decay_input, reset, _, refractory, *_) = neuron
    columns = F.pad(weight.T, (0, 0, 0, 1)).flatten()
    bits, heard = _BITS[x.dtype], torch.empty_like(v)
    before = before.contiguous()
    fired = before.ne(0).to(x.dtype)
    # a state of the user's own may hold other values than spikes
    dense = not torch.equal(fired, before)
    run = forward_loops(decay_input, reset == "subtract", refractory > 0, len(h) > 0)
    arrays = (
        heard.numpy(), _array(x), fired.numpy().view(bits), spikes.numpy().view(bits),
        _array(columns), _array(bias), _row(decay, size), _row(threshold, size),
        v.numpy(), wait.numpy(), spikes.numpy(), h.numpy(), refractory, int(DENSE * v.numel()),
    )  # fmt: skip
    t = 0
    while t < steps:
        if dense:
            torch.addmm(bias, spikes[t - 1] if t else before, weight.T, out=heard)
        t, dense = run(t, dense, *arrays), True


def backward(
    g: Tensor, kept: Kept, feedback: Feedback, state: State, neuron: Neuron, gradients: Gradients
) -> None:
    """Fill, move and add to the gradients, from those of the spikes g [T, B, N]."""
    x, spikes, h = kept
    steps, _, size = spikes.shape
    before, weight, bias = feedback
    g_x, carry, g_decay, g_threshold, learns = gradients
    decay, threshold, (decay_input, reset, detach, refractory, surrogate, alpha) = neuron
    assert isinstance(surrogate, str)
    subtract = reset == "subtract"
    v, weight = state.v.contiguous(), weight.contiguous()
    d, theta = _row(decay, size), _row(threshold, size)
    held = torch.empty(spikes.shape if refractory else (1, 1, 1), dtype=torch.bool).numpy()
    drive = g
    if x is not None:
        heard = torch.cat((before.unsqueeze(0), spikes[:-1]))  # [T, B, N]
        drive, h = spike_linear(heard, weight).add_(bias).add_(x), empty(spikes.shape, spikes)
        replay_loops(decay_input, subtract, refractory > 0)(
            _array(drive), spikes.numpy(), d, theta, *(a.numpy() for a in state.copy()),
            h.numpy(), held, refractory,
        )  # fmt: skip
    run = backward_loops(decay_input, subtract, refractory > 0, detach, surrogate, *learns)
    back = torch.zeros_like(carry)  # [B, N], gradient through the feedback
    arrays = (
        _array(g), back.numpy(), h.numpy(), held, spikes.numpy(), v.numpy(), _array(drive),
        d, theta, g_x.numpy(), carry.numpy(), g_decay.numpy(), g_threshold.numpy(), alpha,
    )  # fmt: skip
    for t in range(steps - 1, -1, -1):
        run(t, *arrays)
        if t:
            torch.mm(g_x[t], weight, out=back)


@jit
def _gather(y: Any, weight: Any, where: Any, used: int, low: int, size: int) -> None:
    """Add to y the weights, from column ``low`` on, of the ``used`` neurons that ``where`` lists.

    weight is W^T with a row of zeros below, in one line: that row fills up the last four. Unsigned
    indices spare the test for a count from the end.
    """
    for k in range(used, used + 3):
        where[k] = size
    for k in range(0, used, 4):
        a, b = np.uintp(where[k] * size + low), np.uintp(where[k + 1] * size + low)
        c, d = np.uintp(where[k + 2] * size + low), np.uintp(where[k + 3] * size + low)
        for column in range(y.size):
            j = np.uintp(column)
            y[j] += (weight[a + j] + weight[b + j]) + (weight[c + j] + weight[d + j])


@functools.cache
def forward_loops(
    decay_input: bool, subtract: bool, refractory: bool, keep: bool
) -> Callable[..., int]:
    """Make the forward loops of one convention.

    They take the step to begin with and whether the feedback [B, N] of that step is given; x
    [T, B, N]; the bits of the last spikes before x [B, N] and those of the spikes [T, B, N]; W^T
    with a row of zeros below [(N + 1) N]; bias, decay and threshold [N]; v [B, N] and wait int32
    [B, N]; the refractory steps and the number of spikes from which on a dense product is faster.
    They fill spikes and, with ``keep``, h; v and wait become those after the last step that ran.

    They return the step that needs its feedback from a dense product, or T.
    """

    @kernel
    def recurrent_lif_forward(
        first: int, given: bool, feedback: Any, x: Any, before: Any, bits: Any, weight: Any,
        bias: Any, decay: Any, threshold: Any, v: Any, wait: Any, spikes: Any, h: Any,
        steps_held: int, many: int,
    ) -> Any:  # fmt: skip
        one, zero = x.dtype.type(1), x.dtype.type(0)
        steps, batch, size = x.shape
        where = np.empty(size + AHEAD, np.int64)
        state, left = np.empty(5 * BLOCK, x.dtype), np.zeros(BLOCK, np.int32)
        for t in range(first, steps):
            heard = before if t == 0 else bits[t - 1]
            if t > first or not given:
                fired_before = 0
                for b in range(batch):
                    fired_before += count(heard[b])
                if fired_before > many:
                    return t
            for low in range(0, size, BLOCK):
                high = min(low + BLOCK, size)
                n = high - low
                u, d, theta = state[:n], state[BLOCK : BLOCK + n], state[2 * BLOCK : 2 * BLOCK + n]
                back, constant = (
                    state[3 * BLOCK : 3 * BLOCK + n], state[4 * BLOCK : 4 * BLOCK + n]
                )  # fmt: skip
                copy(d, decay[low:high])
                copy(theta, threshold[low:high])
                copy(constant, bias[low:high])
                for b in range(batch):
                    if t == first and given:
                        copy(back, feedback[b, low:high])
                    else:
                        copy(back, constant)
                        _gather(back, weight, where, active(heard[b], where), low, size)
                    copy(u, v[b, low:high])
                    if refractory:
                        copy(left[:n], wait[b, low:high])
                    x_t, s_t = x[t, b, low:high], spikes[t, b, low:high]
                    h_t = h[t, b, low:high] if keep else s_t
                    for k in range(n):
                        h_k = charge(u[k], x_t[k] + back[k], d[k], one - d[k], decay_input)
                        fired = h_k >= theta[k]
                        if refractory:
                            held = left[k] > 0
                            h_k = u[k] if held else h_k
                            fired = fired and not held
                            left[k] = steps_held if fired else max(left[k] - 1, 0)
                        if keep:
                            h_t[k] = h_k
                        s_t[k] = one if fired else zero
                        u[k] = after(h_k, fired, theta[k], zero, subtract)
                    copy(v[b, low:high], u)
                    if refractory:
                        copy(wait[b, low:high], left)
        return steps

    return recurrent_lif_forward


@functools.cache
def replay_loops(decay_input: bool, subtract: bool, refractory: bool) -> Callable[..., None]:
    """Make the loops that find h again, from everything that came in and the known spikes.

    They take what came in [T, B, N], x and feedback; the spikes; decay and threshold [N]; v and
    wait before the first step, which they overwrite; and the refractory steps. They fill h
    [T, B, N] and, where neurons are refractory, mark in held those that ignored their input.
    """

    @kernel
    def recurrent_lif_replay(
        drive: Any, spikes: Any, decay: Any, threshold: Any, v: Any, wait: Any, h: Any, held: Any,
        steps_held: int,
    ) -> None:  # fmt: skip
        one, zero = drive.dtype.type(1), drive.dtype.type(0)
        steps, batch, size = drive.shape
        for t in range(steps):
            for b in range(batch):
                x_t, s_t, h_t, u = drive[t, b], spikes[t, b], h[t, b], v[b]
                for k in range(size):
                    fired = s_t[k] != zero
                    h_k = charge(u[k], x_t[k], decay[k], one - decay[k], decay_input)
                    if refractory:
                        ignored = wait[b, k] > 0
                        h_k = u[k] if ignored else h_k
                        held[t, b, k] = ignored
                        wait[b, k] = steps_held if fired else max(wait[b, k] - 1, 0)
                    h_t[k] = h_k
                    u[k] = after(h_k, fired, threshold[k], zero, subtract)

    return recurrent_lif_replay


@functools.cache
def backward_loops(
    decay_input: bool,
    subtract: bool,
    refractory: bool,
    detach: bool,
    surrogate: str,
    learns_decay: bool,
    learns_threshold: bool,
) -> Callable[..., None]:
    """Make the backward loops of one convention, which do one step.

    They take the step t; the gradient g [T, B, N] of the spikes and, from the step after, that
    through the feedback [B, N]; h, held and spikes [T, B, N]; v before the first step [B, N]; what
    came in [T, B, N], for learned decays of an input that decays; decay and threshold [N];
    g_x [T, B, N], whose step t they fill; carry [B, N]; g_decay and g_threshold [N] to add to; and
    alpha of the surrogate. carry is the gradient of v after the step and becomes that before it.
    """
    kind = number_of(surrogate)

    @kernel
    def recurrent_lif_backward(
        t: int, g: Any, back: Any, h: Any, held: Any, spikes: Any, v: Any, drive: Any,
        decay: Any, threshold: Any, g_x: Any, carry: Any, g_decay: Any, g_threshold: Any,
        alpha: float,
    ) -> None:  # fmt: skip
        number = g.dtype.type
        one, zero = number(1), number(0)
        _, batch, size = g.shape
        state = np.empty(5 * BLOCK, g.dtype)
        for low in range(0, size, BLOCK):
            high = min(low + BLOCK, size)
            n = high - low
            d, theta, c = state[:n], state[BLOCK : BLOCK + n], state[2 * BLOCK : 2 * BLOCK + n]
            g_d, g_theta = state[3 * BLOCK : 3 * BLOCK + n], state[4 * BLOCK : 4 * BLOCK + n]
            copy(d, decay[low:high])
            copy(theta, threshold[low:high])
            g_d[:] = zero
            g_theta[:] = zero
            for b in range(batch):
                copy(c, carry[b, low:high])
                # all [n]
                g_t, back_t, g_x_t = g[t, b, low:high], back[b, low:high], g_x[t, b, low:high]
                h_t, s_t = h[t, b, low:high], spikes[t, b, low:high]
                held_t = held[t, b, low:high] if refractory else held[0, 0]
                h_before = h[t - 1, b, low:high] if t > 0 else v[b, low:high]
                s_before = spikes[t - 1, b, low:high] if t > 0 else s_t
                drive_t = drive[t, b, low:high] if learns_decay and decay_input else g_t
                for k in range(n):
                    fired = s_t[k] != zero
                    slope = derivative(h_t[k] - theta[k], kind, alpha, number)
                    if refractory:
                        slope = zero if held_t[k] else slope
                    # gradient of the spike: its own, that of the neurons that it reaches at the
                    # next step and, through the reset, that of v
                    pull = g_t[k] + back_t[k]
                    if not detach:
                        pull -= c[k] * (theta[k] if subtract else h_t[k])
                    if learns_threshold:
                        g_theta[k] -= pull * slope
                        if subtract:
                            g_theta[k] -= c[k] if fired else zero
                    g_h = c[k] if subtract else (zero if fired else c[k])
                    g_h += pull * slope
                    emitted, passed = g_h, g_h * d[k]
                    if refractory:
                        emitted, passed = (zero, g_h) if held_t[k] else (emitted, passed)
                    if learns_decay:
                        fired_before = t > 0 and s_before[k] != zero
                        u = after(h_before[k], fired_before, theta[k], zero, subtract)
                        g_d[k] += emitted * (u - drive_t[k] if decay_input else u)
                    g_x_t[k] = emitted * (one - d[k]) if decay_input else emitted
                    c[k] = passed
                copy(carry[b, low:high], c)
            if learns_decay:
                add(g_decay[low:high], g_d)
            if learns_threshold:
                add(g_threshold[low:high], g_theta)

    return recurrent_lif_backward
