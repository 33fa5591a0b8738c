"""Gated units with pruned weights as the dense ones that they are: the definition."""

import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops.egru import reference
from axonal.neuro.ops.egru._events import Events
from axonal.neuro.ops.egru._feedback import Feedback
from axonal.neuro.ops.egru._loop_state import LoopState
from axonal.neuro.ops.sparse_egru._compressed import Compressed


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
    rows = len(bias)
    heard = F.linear(x, incoming.dense(rows), bias_in)
    feedback = Feedback(recurrent.dense(rows), bias)
    taken = None if share == 1 else x.new_tensor(share)
    return reference.egru(heard, state, feedback, Events(threshold, 0.7, 1.0), taken)
