"""The WKV recurrence, written out: the definition of every faster path."""

import torch
from torch import Tensor

from axonal.neuro.ops.wkv._state import WKVState


def wkv(k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: WKVState) -> tuple[Tensor, WKVState]:
    """Run over ``k`` and ``v`` [T, B, C]; see the operator's package."""
    p, q, o = state
    outputs = []
    for k_t, v_t in zip(k.unbind(0), v.unbind(0), strict=True):
        highest = torch.maximum(o, u + k_t)
        past, now = torch.exp(o - highest), torch.exp(u + k_t - highest)
        outputs.append((past * p + now * v_t) / (past * q + now))
        highest = torch.maximum(w + o, k_t)
        past, now = torch.exp(w + o - highest), torch.exp(k_t - highest)
        p, q, o = past * p + now * v_t, past * q + now, highest
    return torch.stack(outputs), WKVState(p, q, o)
