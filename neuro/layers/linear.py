"""Linear connections at every step."""

from typing import Any

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._mask import connectivity, rescale_to_fan_in, synapses
from axonal.neuro.ops.spike_linear import spike_linear


class Linear(nn.Linear):
    """Linear connections, y_t = (W * mask) x_t + b, at every step.

    Args:
        in_features: inputs N.
        out_features: outputs M.
        bias: add a learned constant.
        mask: which connections exist, 0 or 1, [M, N]; zeros stay zero through training and export.

    Returns:
        Called with x [T, B, N]: y [T, B, M].

    Raises:
        ValueError: for a mask or an input of the wrong shape.

    >>> import torch
    >>> fc = Linear(2, 1, bias=False, mask=[[1, 0]])
    >>> y = fc(torch.tensor([[[0.0, 5.0]]]))
    >>> y.abs().item()
    0.0
    """

    mask: Tensor | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, mask: Any = None
    ) -> None:
        super().__init__(
            _checks.count(self, "in_features", in_features),
            _checks.count(self, "out_features", out_features),
            bias,
        )
        self.register_buffer("mask", connectivity(self, mask, self.weight.shape))
        if self.mask is not None:
            rescale_to_fan_in(self.weight, self.mask)

    @property
    def masked_weight(self) -> Tensor:
        """The weights in force, [M, N]."""
        return self.weight if self.mask is None else self.weight * self.mask

    def forward(self, x: Tensor) -> Tensor:
        """Connect ``x`` [T, B, N]."""
        if not _checks.fits(x, (self.in_features,), self.weight.dtype):
            _checks.sequence(self, x, (self.in_features,), self.weight.dtype)
        y = spike_linear(x, self.masked_weight)
        return y if self.bias is None else y + self.bias.to(y.dtype)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{super().extra_repr()}{synapses(self.mask)}"
