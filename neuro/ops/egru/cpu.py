"""Event-based gated units compiled for the CPU: products in torch, what lies between in one loop.

Where few units are heard, forward products become sums of their columns of weights.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal._base.jit import kernel
from axonal._base.rows import copy
from axonal.neuro.ops._nonzero import AHEAD, active, count
from axonal.neuro.ops.egru._events import Events
from axonal.neuro.ops.egru._feedback import Feedback
from axonal.neuro.ops.egru._gradients import Gradients
from axonal.neuro.ops.egru._kept import Kept
from axonal.neuro.ops.egru._loop_state import LoopState

SPARSE = 0.25
"""Share of units that are heard up to which sums of their columns are faster than a product."""

ALONE = 4
"""Samples up to which the whole sequence is one loop, where nothing is kept for a backward pass."""

_BITS = {torch.float32: np.int32, torch.float64: np.int64}


def _array(x: Tensor) -> Any:
    return x.detach().contiguous().numpy()


def _shares(taken: Tensor | None, cells: Tensor) -> Any:
    """Shares that are taken at every step [T, B, N], or nothing of any where all is [T, 0, 0]."""
    if taken is None:
        return cells.new_empty((len(cells), 0, 0)).numpy()
    return _array(taken.expand(cells.shape))


def forward(
    x: Tensor,
    state: LoopState,
    feedback: Feedback,
    taken: Tensor | None,
    events: Events,
    kept: Kept,
) -> None:
    """Fill y and c [T, B, N] and, unless only one step of them is kept, gates and b_g."""
    y, c = kept.y, kept.c
    if len(kept.gates) < len(x) and x.shape[1] <= ALONE:
        _run(
            _array(x), state.y.contiguous().numpy(), _array(state.c), _array(feedback.weight.T),
            _array(feedback.bias), _array(events.threshold), _shares(taken, y), y.numpy(),
            c.numpy(), y.numpy().view(_BITS[x.dtype]),
        )  # fmt: skip
        return
    size, many = c.shape[-1], int(SPARSE * c[0].numel())
    weight, bias = feedback
    rows = _array(weight.T)
    before, first, bits = state.y.contiguous(), _array(state.c), _BITS[x.dtype]
    back = torch.empty_like(kept.gates[0])
    theta, shares = _array(events.threshold), _shares(taken, y)
    where = np.empty(size + AHEAD, np.int64)
    c_array, y_array = c.numpy(), y.numpy()
    for t in range(len(x)):
        gates, heard = (a[t if len(a) > 1 else 0] for a in (kept.gates, kept.heard))
        few = _few(before.numpy().view(bits), many)
        if few:
            _add_columns(
                before.numpy(), before.numpy().view(bits), rows, _array(bias), where, back.numpy()
            )
        else:
            torch.addmm(bias, before, weight.T, out=back)
        torch.add(x[t, :, : 2 * size], back[:, : 2 * size], out=gates[:, : 2 * size])
        gates[:, : 2 * size].sigmoid_()
        heard.copy_(back[:, 2 * size :])
        torch.addcmul(
            x[t, :, 2 * size :], gates[:, size : 2 * size], heard, out=gates[:, 2 * size :]
        )
        gates[:, 2 * size :].tanh_()
        _step(
            gates.numpy(), c_array[t - 1] if t else first, theta,
            shares[t], y_array[t], c_array[t],
        )  # fmt: skip
        before = y[t]


def backward(
    g_y: Tensor,
    g_c: Tensor,
    kept: Kept,
    state: LoopState,
    weight: Tensor,
    taken: Tensor | None,
    events: Events,
    gradients: Gradients,
) -> None:
    """Fill the gradients from those of y and c [T, B, N]."""
    theta, shares = _array(events.threshold), _shares(taken, kept.y)
    gates, heard, y, c = (_array(a) for a in kept)
    first, own_y, own_c = (_array(a) for a in (state.c, g_y, g_c))
    g_x, g_back, through_y, through_c, g_threshold = (a.numpy() for a in gradients)
    for t in range(len(y) - 1, -1, -1):
        _step_back(
            own_y[t], own_c[t], gates[t], heard[t], y[t], c[t], c[t - 1] if t else first, theta,
            shares[t], events.damping, events.support,
            g_x[t], g_back[t], through_y, through_c, g_threshold,
        )  # fmt: skip
        torch.mm(gradients.back[t], weight, out=gradients.y)


@kernel
def _run(
    x: Any, before: Any, first: Any, rows: Any, bias: Any, theta: Any, shares: Any,
    y: Any, c: Any, bits: Any,
) -> None:  # fmt: skip
    """Fill y and c [T, B, N] in one loop, at the cost of the units that are heard.

    ``bits`` are those of y.
    """
    one = x.dtype.type(1)
    steps, batch, size = c.shape
    back = np.empty((batch, 3 * size), x.dtype)
    gates = np.empty((batch, 3 * size), x.dtype)
    where = np.empty(size + AHEAD, np.int64)
    for t in range(steps):
        heard, known = (y[t - 1], bits[t - 1]) if t > 0 else (before, before.view(bits.dtype))
        _add_columns(heard, known, rows, bias, where, back)
        for b in range(batch):
            x_b, back_b, gates_b = x[t, b], back[b], gates[b]
            for k in range(2 * size):
                gates_b[k] = one / (one + math.exp(-(x_b[k] + back_b[k])))
            for k in range(size):
                g = 2 * size + k
                gates_b[g] = math.tanh(x_b[g] + gates_b[size + k] * back_b[g])
        _step(gates, c[t - 1] if t > 0 else first, theta, shares[t], y[t], c[t])


@kernel
def _few(bits: Any, many: int) -> bool:
    heard = 0
    for b in range(bits.shape[0]):
        heard += count(bits[b])
    return heard <= many


@kernel
def _add_columns(y: Any, bits: Any, rows: Any, bias: Any, where: Any, back: Any) -> None:
    """Fill W y + b [B, 3N] from W^T [N, 3N]."""
    for b in range(y.shape[0]):
        out = back[b]
        copy(out, bias)
        used = active(bits[b], where)
        whole = used - used % AHEAD
        for place in range(0, whole, AHEAD):
            i, j, k, m = where[place], where[place + 1], where[place + 2], where[place + 3]
            y_i, y_j, y_k, y_m = y[b, i], y[b, j], y[b, k], y[b, m]
            w_i, w_j, w_k, w_m = rows[i], rows[j], rows[k], rows[m]
            for n in range(out.shape[0]):
                out[n] += (y_i * w_i[n] + y_j * w_j[n]) + (y_k * w_k[n] + y_m * w_m[n])
        for place in range(whole, used):
            j = where[place]
            y_j, w_j = y[b, j], rows[j]
            for n in range(out.shape[0]):
                out[n] += y_j * w_j[n]


@kernel
def _step(gates: Any, before: Any, theta: Any, taken: Any, y: Any, c: Any) -> None:
    """Fill y and c [B, N] of a step."""
    one, zero = gates.dtype.type(1), gates.dtype.type(0)
    batch, size = c.shape
    zones = taken.shape[0] > 0
    for b in range(batch):
        z, g, c_b, y_b, u = gates[b, :size], gates[b, 2 * size :], c[b], y[b], before[b]
        for k in range(size):
            h = z[k] * u[k] + (one - z[k]) * g[k]
            if zones:
                h = u[k] + taken[b, k] * (h - u[k])
            fires = h > theta[k]
            y_b[k] = h if fires else zero
            c_b[k] = h - theta[k] if fires else h


@kernel
def _step_back(
    g_y: Any, g_c: Any, gates: Any, heard: Any, y: Any, c: Any, before: Any, theta: Any,
    taken: Any, damping: float, support: float,
    g_x: Any, g_back: Any, through_y: Any, through_c: Any, g_threshold: Any,
) -> None:  # fmt: skip
    """Fill g_x and g_back [B, 3N] of a step, add to g_threshold, take through_c [B, N] a step back.

    through_y and through_c come from the step after, besides g_y and g_c.
    """
    number = gates.dtype.type
    one, zero, high, steep = number(1), number(0), number(damping), number(support)
    batch, size = c.shape
    zones = taken.shape[0] > 0
    for b in range(batch):
        z, r, g = gates[b, :size], gates[b, size : 2 * size], gates[b, 2 * size :]
        x_z, x_r, x_g = g_x[b, :size], g_x[b, size : 2 * size], g_x[b, 2 * size :]
        b_z, b_r, b_g = g_back[b, :size], g_back[b, size : 2 * size], g_back[b, 2 * size :]
        for k in range(size):
            fires = y[b, k] != zero
            h = y[b, k] if fires else c[b, k]
            pull, carry = g_y[b, k] + through_y[b, k], g_c[b, k] + through_c[b, k]
            slope = one - steep * abs(h - theta[k])
            slope = high * slope if slope > zero else zero
            g_o = (pull * h - carry * theta[k]) * slope
            g_h = (pull if fires else zero) + carry + g_o
            g_threshold[b, k] -= g_o + (carry if fires else zero)
            g_u, passed = g_h, zero
            if zones:
                g_u, passed = g_h * taken[b, k], g_h * (one - taken[b, k])
            through_c[b, k] = passed + g_u * z[k]
            of_g = g_u * (one - z[k]) * (one - g[k] * g[k])
            of_z = g_u * (before[b, k] - g[k]) * z[k] * (one - z[k])
            of_r = of_g * heard[b, k] * r[k] * (one - r[k])
            x_z[k], x_r[k], x_g[k] = of_z, of_r, of_g
            b_z[k], b_r[k], b_g[k] = of_z, of_r, of_g * r[k]
