"""Convolution of every step."""

from typing import Any

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._mask import connectivity, rescale_to_fan_in, synapses


class Conv2d(nn.Conv2d):
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

    mask: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        *,
        mask: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            _checks.count(self, "in_channels", in_channels),
            _checks.count(self, "out_channels", out_channels),
            kernel_size,
            **kwargs,
        )
        self.register_buffer("mask", connectivity(self, mask, self.weight.shape))
        if self.mask is not None:
            rescale_to_fan_in(self.weight, self.mask)

    @property
    def masked_weight(self) -> Tensor:
        """The weights in force, [D, C / groups, height, width]."""
        return self.weight if self.mask is None else self.weight * self.mask

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``x`` [T, B, C, H, W]."""
        if not isinstance(x, Tensor) or x.ndim != 5 or x.shape[2] != self.in_channels:
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise _checks.InputError(
                f"Conv2d expects x [T, B, C, H, W] with C = {self.in_channels}, got {got}.", self
            )
        _checks.floating(self, x, self.weight.dtype)
        flat = self._conv_forward(x.flatten(0, 1), self.masked_weight, self.bias)
        y: Tensor = flat.unflatten(0, x.shape[:2])
        return y

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        shown = super().extra_repr()  # type: ignore[no-untyped-call]
        return f"{shown}{synapses(self.mask)}"
