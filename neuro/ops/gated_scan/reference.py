"""The gated scan, written out: the definition of every faster path."""

import torch
from torch import Tensor


def gated_scan(x: Tensor, f: Tensor, h: Tensor) -> Tensor:
    """Run over ``x`` and ``f`` [T, B, ...]; see the operator's package."""
    states = []
    for x_t, f_t in zip(x.unbind(0), f.unbind(0), strict=True):
        h = f_t * h + x_t
        states.append(h)
    return torch.stack(states)
