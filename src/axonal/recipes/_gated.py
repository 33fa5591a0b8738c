"""Torch's gated recurrent layers with an explicit state, as controls."""

from typing import Any

from torch import Tensor, nn

from axonal import neuro


class GRU(neuro.Layer[Tensor]):
    """``torch.nn.GRU`` of one layer as a layer of a network.

    Args:
        in_features: inputs.
        size: units.

    >>> import torch
    >>> y, state = GRU(3, 5)(torch.zeros(7, 2, 3))
    >>> y.shape, state.shape
    (torch.Size([7, 2, 5]), torch.Size([2, 5]))
    """

    def __init__(self, in_features: int, size: int) -> None:
        super().__init__()
        self.units = nn.GRU(in_features, size)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run ``x`` [T, B, in_features]."""
        y, last = self.units(x, None if state is None else state.unsqueeze(0))
        return y, last[0]


class LSTM(neuro.Layer[tuple[Tensor, Tensor]]):
    """``torch.nn.LSTM`` of one layer as a layer of a network.

    Args:
        in_features: inputs.
        size: units.

    >>> import torch
    >>> y, state = LSTM(3, 5)(torch.zeros(7, 2, 3))
    >>> y.shape, len(state)
    (torch.Size([7, 2, 5]), 2)
    """

    def __init__(self, in_features: int, size: int) -> None:
        super().__init__()
        self.units = nn.LSTM(in_features, size)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run ``x`` [T, B, in_features]."""
        y, (h, c) = self.units(x, None if state is None else tuple(s.unsqueeze(0) for s in state))
        return y, (h[0], c[0])
