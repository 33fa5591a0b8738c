"""The Legendre memory step by step: the definition of every faster path."""

import torch
from torch import Tensor


def lmu(u: Tensor, m: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Run ``u`` [T, B, d]; see :func:`axonal.neuro.ops.lmu.lmu`."""
    memories = []
    for u_t in u.unbind(0):
        m = m @ a.T + u_t[..., None] * b
        memories.append(m)
    return torch.stack(memories)
