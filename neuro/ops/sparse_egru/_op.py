"""Gated units with pruned weights as an operator of torch, without gradients."""

import torch
from torch import Tensor

from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape
from axonal.neuro.ops.egru._loop_state import LoopState
from axonal.neuro.ops.sparse_egru._compressed import Compressed

if HAS_NUMBA:
    from axonal.neuro.ops.sparse_egru import cpu


def sparse_egru_forward(
    x: Tensor,
    state: LoopState,
    incoming: Compressed,
    bias_in: Tensor,
    recurrent: Compressed,
    bias: Tensor,
    threshold: Tensor,
    share: float,
) -> tuple[Tensor, Tensor]:
    """Run forward over x [T, B, I]; return y and c."""
    steps, batch, size = x.shape[0], *state.c.shape[-2:]
    same_shape("sparse_egru", "y", state.y, (batch, size))
    same_shape("sparse_egru", "x", x, (steps, batch, len(incoming.start) - 1))
    same_shape("sparse_egru", "start", recurrent.start, (size + 1,))
    for name, given in (("bias_in", bias_in), ("bias", bias)):
        same_shape("sparse_egru", name, given, (3 * size,))
    same_shape("sparse_egru", "threshold", threshold, (size,))
    y, c = (x.new_empty(steps, batch, size) for _ in range(2))
    cpu.run(x, state, incoming, bias_in, recurrent, bias, threshold, share, y, c)
    return y, c


def _fake_forward(
    x: Tensor,
    state: LoopState,
    incoming: Compressed,
    bias_in: Tensor,
    recurrent: Compressed,
    bias: Tensor,
    threshold: Tensor,
    share: float,
) -> tuple[Tensor, Tensor]:
    shape = (x.shape[0], *state.c.shape)
    return x.new_empty(shape), x.new_empty(shape)


_forward = Operator(
    "sparse_egru",
    "(Tensor x, Tensor y, Tensor c, Tensor in_start, Tensor in_row, Tensor in_weight, "
    "Tensor bias_in, Tensor start, Tensor row, Tensor weight, Tensor bias, Tensor threshold, "
    "float share) -> (Tensor, Tensor)",
    sparse_egru_forward,
    _fake_forward,
    devices=("cpu",),
)


def sparse_egru(
    x: Tensor,
    state: LoopState,
    incoming: Compressed,
    bias_in: Tensor,
    recurrent: Compressed,
    bias: Tensor,
    threshold: Tensor,
    share: float,
) -> tuple[Tensor, Tensor]:
    """Run ``x`` [T, B, I]; see :func:`axonal.neuro.ops.sparse_egru.sparse_egru`."""
    # what follows knows no gradient, and must not look as if it had one
    with torch.no_grad():
        y, c = _forward(x, *state, *incoming, bias_in, *recurrent, bias, threshold, share)
    return y, c
