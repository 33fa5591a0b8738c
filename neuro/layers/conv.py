"""Convolution of every step."""

from typing import Any

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._masked import Masked


class Conv2d(Masked, nn.Conv2d):
    """Two-dimensional convolution of every step, with an optional connectivity mask.

    Args:
        in_channels: C.
        out_channels: D.
        kernel_size: height and width.
        mask: which weights exist, 0 or 1, [D, C / groups, height, width].
        kwargs: of ``torch.nn.Conv2d``: stride, padding, dilation, groups, bias, padding_mode.

    Returns:
        Called with x [T, B, C, H, W]: y [T, B, D, H', W'].

    Raises:
        ValueError: for a mask or an input of the wrong shape.

    >>> import torch
    >>> Conv2d(1, 4, 3, padding=1)(torch.zeros(5, 2, 1, 8, 8)).shape
    torch.Size([5, 2, 4, 8, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        mask: Any = None,
        **kwargs: Any,
    ) -> None:
        inputs, outputs = _checks.counts(self, in_channels=in_channels, out_channels=out_channels)
        super().__init__(inputs, outputs, kernel_size, **kwargs)
        self._hold_mask(mask)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``x`` [T, B, C, H, W]."""
        if not isinstance(x, Tensor) or x.ndim != 5 or x.shape[2] != self.in_channels:
            got = _checks.shape_or_type(x)
            raise _checks.InputError(
                f"Conv2d expects x [T, B, C, H, W] with C = {self.in_channels}, got {got}.", self
            )
        _checks.floating(self, x, self.weight.dtype)
        flat = self._conv_forward(x.flatten(0, 1), self.masked_weight, self.bias)
        y: Tensor = flat.unflatten(0, x.shape[:2])
        return y
