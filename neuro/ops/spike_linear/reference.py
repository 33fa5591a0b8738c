"""Connections as a dense product: the definition."""

import torch.nn.functional as F
from torch import Tensor


def spike_linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply ``x`` [..., I]; see :func:`axonal.neuro.ops.spike_linear.spike_linear`."""
    return F.linear(x, weight, bias)
