"""The gated scan compiled for the CPU, in the way of `axonal.neuro.ops.lif.cpu`."""

from typing import Any

import numpy as np
from torch import Tensor

from axonal._base.jit import kernel
from axonal._base.rows import copy
from axonal.neuro.ops._loops import over_cells

BLOCK = 8192
"""Numbers whose state is kept in the cache."""


def forward(x: Tensor, f: Tensor, h: Tensor, y: Tensor) -> None:
    """Fill ``y`` [T, B, ...]."""
    over_cells(forward_loops, h.numel(), 2 * x.nbytes, (x, f, y), (h,))


def backward(
    g: Tensor, f: Tensor, h: Tensor, y: Tensor, g_x: Tensor, g_f: Tensor, g_h: Tensor
) -> None:
    """Fill ``g_x`` and ``g_f`` [T, B, ...] and ``g_h`` [B, ...]."""
    over_cells(backward_loops, h.numel(), 2 * g.nbytes, (g, f, y, g_x, g_f), (h, g_h))


@kernel
def forward_loops(x: Any, f: Any, y: Any, h: Any, start: int, stop: int) -> None:
    """Fill y [T, M] from x and f [T, M] and h [M], for a range of numbers."""
    state = np.empty(BLOCK, x.dtype)
    for low in range(start, stop, BLOCK):
        high = min(low + BLOCK, stop)
        n = high - low
        before = state[:n]
        copy(before, h[low:high])
        for t in range(x.shape[0]):
            x_t, f_t, y_t = x[t, low:high], f[t, low:high], y[t, low:high]  # [n]
            for k in range(n):
                before[k] = f_t[k] * before[k] + x_t[k]
                y_t[k] = before[k]


@kernel
def backward_loops(
    g: Any, f: Any, y: Any, g_x: Any, g_f: Any, h: Any, g_h: Any, start: int, stop: int
) -> None:
    """Fill g_x and g_f [T, M] and g_h [M] from g, f and y [T, M] and h [M], for a range."""
    state = np.empty(BLOCK, g.dtype)
    for low in range(start, stop, BLOCK):
        high = min(low + BLOCK, stop)
        n = high - low
        carry = state[:n]
        carry[:] = 0
        for t in range(g.shape[0] - 1, -1, -1):
            g_t, f_t = g[t, low:high], f[t, low:high]  # [n]
            g_x_t, g_f_t = g_x[t, low:high], g_f[t, low:high]
            before = y[t - 1, low:high] if t > 0 else h[low:high]  # h_{t-1} [n]
            for k in range(n):
                total = carry[k] + g_t[k]  # dL/dh_t
                g_x_t[k] = total
                g_f_t[k] = total * before[k]
                carry[k] = total * f_t[k]
        copy(g_h[low:high], carry)
