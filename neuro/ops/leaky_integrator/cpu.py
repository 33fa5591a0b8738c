"""The leaky integrator compiled for the CPU, in the way of `axonal.neuro.ops.lif.cpu`."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from axonal._base.jit import kernel
from axonal._base.rows import copy
from axonal.neuro.ops._loops import over_cells
from axonal.neuro.ops._neuron_cpu import spread
from axonal.neuro.ops._shapes import per_neuron

BLOCK = 8192
"""Units whose state is kept in the cache."""


def forward(x: Tensor, v: Tensor, decay: Tensor, y: Tensor, decay_input: bool) -> None:
    """Fill ``y`` [T, B, ...]."""
    over_cells(forward_loops(decay_input), v.numel(), x.nbytes, (x, y), (per_neuron(decay, x), v))


def backward(
    g: Tensor,
    x: Tensor | None,
    y: Tensor,
    v: Tensor,
    decay: Tensor,
    g_x: Tensor,
    carry: Tensor,
    g_decay: Tensor,
    decay_input: bool,
    learns_decay: bool,
) -> None:
    """Fill ``g_x`` [T, B, ...], add to g_decay; take carry from zero to the gradient of v."""
    over_cells(
        backward_loops(decay_input, learns_decay), v.numel(), g.nbytes,
        (g, g if x is None else x, y, g_x), (v, per_neuron(decay, g), carry, g_decay),
    )  # fmt: skip


@functools.cache
def forward_loops(decay_input: bool) -> Callable[..., None]:
    """Make the loops that fill y [T, M] from x [T, M], decay and v [M], for a range of units."""

    @kernel
    def leaky_forward(x: Any, y: Any, decay: Any, v: Any, start: int, stop: int) -> None:
        one = x.dtype.type(1)
        state = np.empty(2 * BLOCK, x.dtype)
        for low in range(start, stop, BLOCK):
            high = min(low + BLOCK, stop)
            n = high - low
            u, d = state[:n], state[BLOCK : BLOCK + n]
            copy(u, v[low:high])
            spread(d, decay, low)
            for t in range(x.shape[0]):
                x_t, y_t = x[t, low:high], y[t, low:high]
                for k in range(n):
                    u[k] = d[k] * u[k] + ((one - d[k]) * x_t[k] if decay_input else x_t[k])
                    y_t[k] = u[k]

    return leaky_forward


@functools.cache
def backward_loops(decay_input: bool, learns_decay: bool) -> Callable[..., None]:
    """Make the loops of the backward pass, for a range of units.

    They take the gradient g [T, M] of y; x and y [T, M]; g_x [T, M] to fill; v and decay [M]; carry
    and g_decay [M] to add to; carry ends as the gradient of v.
    """

    @kernel
    def leaky_backward(
        g: Any, x: Any, y: Any, g_x: Any, v: Any, decay: Any, carry: Any, g_decay: Any,
        start: int, stop: int,
    ) -> None:  # fmt: skip
        one = g.dtype.type(1)
        state = np.empty(3 * BLOCK, g.dtype)
        for low in range(start, stop, BLOCK):
            high = min(low + BLOCK, stop)
            n = high - low
            c, d, g_d = state[:n], state[BLOCK : BLOCK + n], state[2 * BLOCK : 2 * BLOCK + n]
            copy(c, carry[low:high])
            spread(d, decay, low)
            if learns_decay:
                copy(g_d, g_decay[low:high])
            for t in range(g.shape[0] - 1, -1, -1):
                g_t, g_x_t = g[t, low:high], g_x[t, low:high]  # [n]
                x_t = x[t, low:high] if learns_decay and decay_input else g_t
                before = y[t - 1, low:high] if t > 0 else v[low:high]  # v_{t-1} [n]
                for k in range(n):
                    total = c[k] + g_t[k]  # dL/dv_t
                    if learns_decay:
                        g_d[k] += total * (before[k] - x_t[k] if decay_input else before[k])
                    g_x_t[k] = total * (one - d[k]) if decay_input else total
                    c[k] = total * d[k]
            copy(carry[low:high], c)
            if learns_decay:
                copy(g_decay[low:high], g_d)

    return leaky_backward
