"""The equations of a liquid with fixed weights, by the operator of neurons with feedback."""

import torch
from torch import Tensor

from axonal.neuro.ops.recurrent_lif import Convention, recurrent_lif

KINDS = ("counts", "rates", "trace")
SURROGATE = Convention(surrogate="atan", alpha=2.0)


def spikes(
    x: Tensor, input_weights: Tensor, recurrent_weights: Tensor, decay: float, threshold: float
) -> Tensor:
    """Spikes [T, B, N] for inputs x [T, B, I]; differentiable by the surrogate ATan(2).

    The operator fires at u >= its threshold, so it is given the number after ``threshold``.
    """
    drive = x @ input_weights.T
    rest = torch.zeros_like(drive[0])
    above = torch.nextafter(drive.new_tensor(threshold), drive.new_tensor(torch.inf))
    kept = drive.new_tensor(decay)
    fired, _, _ = recurrent_lif(
        drive, rest, rest, None, recurrent_weights, None, kept, above, SURROGATE
    )
    return fired


def features(fired: Tensor, kind: str, parts: int, decay: float) -> Tensor:
    """Features [B, N parts] of spikes [T, B, N]; see `ResistiveLiquid.features`."""
    if kind == "trace":
        steps = len(fired)
        weights = decay ** torch.arange(steps - 1, -1, -1, dtype=fired.dtype)
        return torch.einsum("t,tbn->bn", weights, fired)
    pieces = torch.tensor_split(fired, parts)
    counts = torch.cat([piece.sum(0) for piece in pieces], -1)
    return counts / len(fired) if kind == "rates" else counts
