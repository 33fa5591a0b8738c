"""Activation with as many levels as spikes, for networks that are to be converted."""

import torch
from torch import Tensor, nn


class _Floor(torch.autograd.Function):
    """Floor, through which gradients pass straight."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.floor()

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> Tensor:
        return grad


class ClipFloorShift(nn.Module):
    """Quantised rectified linear unit that integrate-and-fire neurons repeat in few steps.

        y = threshold clip(floor(L x / threshold + 1/2) / L, 0, 1)

    with a threshold that is learned; gradients pass straight through the floor. Train a network
    with it in the place of ReLU, then convert it with :func:`from_ann`: at T = L steps neurons that
    begin half charged have the same rate on average.

    Source: Bu et al., ICLR 2022 (arXiv 2303.04347).

    Args:
        levels: L, >= 1.
        threshold: at the start, > 0.

    Raises:
        ValueError: for values out of range.

    >>> ClipFloorShift(levels=4, threshold=2.0)(torch.tensor([-1.0, 0.2, 0.3, 0.9, 3.0]))
    tensor([0.0000, 0.0000, 0.5000, 1.0000, 2.0000], grad_fn=<MulBackward0>)
    """

    def __init__(self, levels: int = 8, threshold: float = 2.0) -> None:
        super().__init__()
        if levels < 1 or not threshold > 0:
            raise ValueError(
                "ClipFloorShift expects levels >= 1 and threshold > 0, got "
                f"levels = {levels!r} and threshold = {threshold!r}."
            )
        self.levels = levels
        self.threshold = nn.Parameter(torch.tensor(float(threshold)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the level below ``x``, half a level added."""
        level = _Floor.apply(self.levels * x / self.threshold + 0.5)  # type: ignore[no-untyped-call]
        y: Tensor = (level / self.levels).clamp(0, 1) * self.threshold
        return y

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"levels={self.levels}, threshold={float(self.threshold):g}"
