"""The LIF recurrence compiled for the CPU: a block of neurons at a time, all steps of a segment.

The state of a block stays in the first cache while its rows stream by, and every step is one loop
of vector instructions. Two habits make the compiler see that it may use them: the state of a loop
lies in one scratch array, whose parts it can tell apart, and choices that never change within a
call are constants of a kernel made for them. One of these choices is whether all neurons are alike,
with one decay and one threshold, which then stay in registers.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from axonal._base.jit import kernel
from axonal._base.rows import add, copy
from axonal.neuro.ops._gradients import Gradients
from axonal.neuro.ops._loops import over_cells
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops._neuron_cpu import after, charge, derivative, number_of, spread
from axonal.neuro.ops.lif._kept import CHECKPOINTS, NOTHING, POTENTIAL, SEGMENT, Kept

BLOCK = 8192
"""Neurons whose state is kept in the cache."""

LONG_BLOCK = 32768
"""The same where only the potential is kept: longer rows stream faster."""

_SILENT, _FIRED, _HELD = 0, 1, 2


def forward(
    x: Tensor, neuron: Neuron, state: State, spikes: Tensor, kept: Kept | None, save: int
) -> None:
    """Fill ``spikes`` [T, B, ...] and ``kept``; move the state to the last step."""
    v, wait = state
    decay, threshold, (decay_input, reset, _, refractory, _, _) = neuron
    alike = not refractory and decay.numel() == threshold.numel() == 1
    if not alike:
        decay, threshold = neuron.rows(x)
    run = forward_loops(decay_input, reset == "subtract", refractory > 0, save, alike)
    # arrays that the loops do not touch stand in for tensors that are not there
    saved, waits = (spikes, spikes) if kept is None or save == NOTHING else kept
    over_cells(
        run, v.numel(), x.nbytes,
        (x, spikes, saved, waits), (decay, threshold, v, wait if refractory else v), refractory,
    )  # fmt: skip


def backward(
    g: Tensor, x: Tensor | None, kept: Kept, neuron: Neuron, save: int, gradients: Gradients
) -> None:
    """Fill, move and add to the gradients, from those of the spikes g [T, B, ...]."""
    g_x, *cells, learns = gradients
    decay, threshold, (decay_input, reset, detach, refractory, surrogate, alpha) = neuron
    assert isinstance(surrogate, str)
    alike = not (refractory or any(learns)) and decay.numel() == threshold.numel() == 1
    run = backward_loops(
        decay_input, reset == "subtract", refractory > 0, save, detach, surrogate, *learns, alike
    )
    over_cells(
        run, cells[0].numel(), g.nbytes,
        (g, g if x is None else x, *kept, g_x), (*neuron.rows(g), *cells), alpha, refractory,
    )  # fmt: skip


@functools.cache
def forward_loops(
    decay_input: bool, subtract: bool, refractory: bool, save: int, alike: bool
) -> Callable[..., None]:
    """Make the forward loops of one convention.

    They take x and spikes [T, M], saved and waits; decay and threshold, one value or one per
    neuron; v [M] and wait int32 [M]; the refractory steps, and the range of cells to run. They fill
    spikes, saved and waits; v and wait become those after the last step. ``alike`` says that decay
    and threshold hold one value each, for neurons that are not refractory and do not learn.
    """
    block = LONG_BLOCK if alike else BLOCK

    @kernel
    def lif_forward(
        x: Any, spikes: Any, saved: Any, waits: Any, decay: Any, threshold: Any, v: Any, wait: Any,
        steps_held: int, start: int, stop: int,
    ) -> None:  # fmt: skip
        one, zero = x.dtype.type(1), x.dtype.type(0)
        state, left = np.empty(3 * block, x.dtype), np.zeros(block, np.int32)
        d_k, theta_k = decay[0], threshold[0]
        for low in range(start, stop, block):
            high = min(low + block, stop)
            n = high - low
            u, d, theta = state[:n], state[block : block + n], state[2 * block : 2 * block + n]
            copy(u, v[low:high])
            if not alike:
                spread(d, decay, low)
                spread(theta, threshold, low)
            if refractory:
                copy(left[:n], wait[low:high])
            for t in range(x.shape[0]):
                if save == CHECKPOINTS and t % SEGMENT == 0:
                    copy(saved[t // SEGMENT, low:high], u)
                    if refractory:
                        copy(waits[t // SEGMENT, low:high], left)
                x_t, s_t = x[t, low:high], spikes[t, low:high]
                h_t = saved[t, low:high] if save == POTENTIAL else s_t
                for k in range(n):
                    if not alike:
                        d_k, theta_k = d[k], theta[k]
                    h = charge(u[k], x_t[k], d_k, one - d_k, decay_input)
                    fired = h >= theta_k
                    if refractory:
                        held = left[k] > 0
                        h = u[k] if held else h
                        fired = fired and not held
                        left[k] = steps_held if fired else max(left[k] - 1, 0)
                    if save == POTENTIAL:
                        h_t[k] = h
                    s_t[k] = one if fired else zero
                    u[k] = after(h, fired, theta_k, zero, subtract)
            copy(v[low:high], u)
            if refractory:
                copy(wait[low:high], left)

    return lif_forward


@functools.cache
def backward_loops(
    decay_input: bool,
    subtract: bool,
    refractory: bool,
    save: int,
    detach: bool,
    surrogate: str,
    learns_decay: bool,
    learns_threshold: bool,
    alike: bool,
) -> Callable[..., None]:
    """Make the backward loops of one convention.

    They take the gradient g [T, M] of the spikes; x, saved and waits as in `forward_loops`; g_x
    [T, M] to fill; decay and threshold; carry [M], g_decay and g_threshold [M] to add to; alpha of
    the surrogate, the refractory steps, and the range of cells. carry is the gradient of v after
    the last step and becomes that of v before the first. Refractory neurons and learned decays need
    checkpoints.
    """
    kind = number_of(surrogate)
    block = LONG_BLOCK if alike and save == POTENTIAL else BLOCK

    @kernel
    def lif_backward(
        g: Any, x: Any, saved: Any, waits: Any, g_x: Any,
        decay: Any, threshold: Any, carry: Any, g_decay: Any, g_threshold: Any,
        alpha: float, steps_held: int, start: int, stop: int,
    ) -> None:  # fmt: skip
        number = g.dtype.type
        one, zero = number(1), number(0)
        # six rows of a block: u, d, theta, c, g_d, g_theta
        state, left = np.empty(6 * block, g.dtype), np.zeros(block, np.int32)
        # of one segment [SEGMENT, block]: potentials before the reset, potentials before the
        # step, and what the neuron did
        h_of = np.empty((SEGMENT if save == CHECKPOINTS else 1, block), g.dtype)
        u_of = np.empty((SEGMENT if learns_decay else 1, block), g.dtype)
        event_of = np.empty((SEGMENT if refractory else 1, block), np.int8)
        d_k, theta_k = decay[0], threshold[0]
        for segment in range((g.shape[0] - 1) // SEGMENT, -1, -1):
            first, last = segment * SEGMENT, min((segment + 1) * SEGMENT, g.shape[0])
            for low in range(start, stop, block):
                high = min(low + block, stop)
                n = high - low
                u, d, theta = state[:n], state[block : block + n], state[2 * block : 2 * block + n]
                c = state[3 * block : 3 * block + n]
                g_d, g_theta = state[4 * block : 4 * block + n], state[5 * block : 5 * block + n]
                copy(c, carry[low:high])
                if not alike:
                    spread(d, decay, low)
                    spread(theta, threshold, low)
                g_d[:] = zero
                g_theta[:] = zero

                # the segment forward again, from its checkpoint [n] to h and u [rows, n]
                if save == CHECKPOINTS:
                    copy(u, saved[segment, low:high])
                    if refractory:
                        copy(left[:n], waits[segment, low:high])
                    for t in range(first, last):
                        row = t - first
                        x_t, h_t = x[t, low:high], h_of[row]
                        u_t = u_of[row if learns_decay else 0]
                        event_t = event_of[row if refractory else 0]
                        for k in range(n):
                            if not alike:
                                d_k, theta_k = d[k], theta[k]
                            if learns_decay:
                                u_t[k] = u[k]
                            h = charge(u[k], x_t[k], d_k, one - d_k, decay_input)
                            fired = h >= theta_k
                            if refractory:
                                held = left[k] > 0
                                h = u[k] if held else h
                                fired = fired and not held
                                left[k] = steps_held if fired else max(left[k] - 1, 0)
                                event_t[k] = _HELD if held else (_FIRED if fired else _SILENT)
                            h_t[k] = h
                            u[k] = after(h, fired, theta_k, zero, subtract)

                for t in range(last - 1, first - 1, -1):
                    row = t - first
                    g_t, g_x_t = g[t, low:high], g_x[t, low:high]  # [n]
                    x_t = x[t, low:high] if learns_decay and decay_input else g_t  # [n]
                    h_t = saved[t, low:high] if save == POTENTIAL else h_of[row]  # [n or block]
                    u_t = u_of[row if learns_decay else 0]  # [block]
                    event_t = event_of[row if refractory else 0]  # [block]
                    for k in range(n):
                        if not alike:
                            d_k, theta_k = d[k], theta[k]
                        h = h_t[k]
                        slope = derivative(h - theta_k, kind, alpha, number)
                        fired = h >= theta_k
                        if refractory:
                            held = event_t[k] == _HELD
                            fired = event_t[k] == _FIRED
                            slope = zero if held else slope
                        # gradient of the spike: its own and, through the reset, that of v
                        pull = g_t[k]
                        if not detach:
                            pull -= c[k] * (theta_k if subtract else h)
                        if learns_threshold:
                            g_theta[k] -= pull * slope
                            if subtract:
                                g_theta[k] -= c[k] if fired else zero
                        # dL/dh = dL/dv dv/dh + dL/ds ds/dh
                        g_h = c[k] if subtract else (zero if fired else c[k])
                        g_h += pull * slope
                        emitted, back = g_h, g_h * d_k
                        if refractory:
                            emitted, back = (zero, g_h) if held else (emitted, back)
                        if learns_decay:
                            g_d[k] += emitted * (u_t[k] - x_t[k] if decay_input else u_t[k])
                        g_x_t[k] = emitted * (one - d_k) if decay_input else emitted
                        c[k] = back

                copy(carry[low:high], c)
                if learns_decay:
                    add(g_decay[low:high], g_d)
                if learns_threshold:
                    add(g_threshold[low:high], g_theta)

    return lif_backward
