"""The leaky recurrent network, written out: the definition of every faster path."""

import torch
import torch.nn.functional as F
from torch import Tensor


def leaky_rnn(
    x: Tensor, h: Tensor, weight: Tensor, share: Tensor, slope: float, inside: bool
) -> Tensor:
    """Run over ``x`` [T, B, N]; see the operator's package."""
    rates = []
    for x_t in x.unbind(0):
        drive = x_t + h @ weight.T
        if inside:
            h = (1 - share) * h + share * F.leaky_relu(drive, slope)
        else:
            h = F.leaky_relu((1 - share) * h + share * drive, slope)
        rates.append(h)
    return torch.stack(rates)
