"""Gated units with pruned weights compiled for the CPU: one loop over what is sent and is there."""

import math
from typing import Any

import numpy as np
from torch import Tensor

from axonal._base.jit import kernel
from axonal._base.rows import copy
from axonal.neuro.ops.egru._loop_state import LoopState
from axonal.neuro.ops.sparse_egru._compressed import Compressed


def _array(x: Tensor) -> Any:
    return x.detach().contiguous().numpy()


def run(
    x: Tensor,
    state: LoopState,
    incoming: Compressed,
    bias_in: Tensor,
    recurrent: Compressed,
    bias: Tensor,
    threshold: Tensor,
    share: float,
    y: Tensor,
    c: Tensor,
) -> None:
    """Fill y and c [T, B, N]."""
    arrays: list[Any] = [
        _array(a) for a in (x, *state, *incoming, bias_in, *recurrent, bias, threshold)
    ]
    arrays += [share, y.numpy(), c.numpy()]
    _run(*arrays)


@kernel
def _run(
    x: Any, before: Any, first: Any, in_start: Any, in_row: Any, in_weight: Any, bias_in: Any,
    start: Any, row: Any, weight: Any, bias: Any, theta: Any, share: float, y: Any, c: Any,
) -> None:  # fmt: skip
    one, part = x.dtype.type(1), x.dtype.type(share)
    steps, batch, size = c.shape
    own = np.empty(3 * size, x.dtype)
    back = np.empty(3 * size, x.dtype)
    for t in range(steps):
        for b in range(batch):
            copy(own, bias_in)
            _spread(x[t, b], in_start, in_row, in_weight, own)
            copy(back, bias)
            _spread(y[t - 1, b] if t > 0 else before[b], start, row, weight, back)
            u_b = c[t - 1, b] if t > 0 else first[b]
            y_b, c_b = y[t, b], c[t, b]
            for k in range(size):
                z = one / (one + math.exp(-(own[k] + back[k])))
                r = one / (one + math.exp(-(own[size + k] + back[size + k])))
                g = math.tanh(own[2 * size + k] + r * back[2 * size + k])
                h = z * u_b[k] + (one - z) * g
                if part != one:
                    h = u_b[k] + part * (h - u_b[k])
                fires = h > theta[k]
                y_b[k] = h if fires else x.dtype.type(0)
                c_b[k] = h - theta[k] if fires else h


@kernel
def _spread(sent: Any, start: Any, row: Any, weight: Any, sums: Any) -> None:
    """Add the columns of what is sent to sums [M]."""
    for j in range(sent.shape[0]):
        value = sent[j]
        if value != 0:
            for place in range(start[j], start[j + 1]):
                sums[row[place]] += weight[place] * value
