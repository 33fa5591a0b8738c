"""Batch normalisation over time and batch."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import _apart


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation with statistics over time, batch and any space, one pair per channel.

    Args:
        num_features: channels C (N of [T, B, N]).
        eps, momentum, affine, track_running_stats: those of ``torch.nn.BatchNorm1d``.
        axis: of the channels: 2 of maps [T, B, C, H, W], or -1 of tokens [T, B, L, C].
        device, dtype: of parameters and statistics.

    Returns:
        Called with x [T, B, C], [T, B, C, H, W] or, along the last axis, [T, B, L, C]: the same
        shape.

    Raises:
        ValueError: for another axis, and for an input of the wrong shape.

    >>> import torch
    >>> y = BatchNorm(3)(torch.rand(7, 4, 3))
    >>> y.mean((0, 1)).abs().max().item() < 1e-6
    True
    >>> BatchNorm(3, axis=-1)(torch.rand(7, 4, 5, 3)).shape
    torch.Size([7, 4, 5, 3])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        axis: int = 2,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if axis not in (2, -1):
            raise ValueError(
                f"BatchNorm expects axis = 2 (maps) or -1 (the last, tokens), got {axis}."
            )
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device=device, dtype=dtype
        )
        self.axis = axis

    def extra_repr(self) -> str:
        """Return what is shown between the brackets."""
        along = f", axis={self.axis}" if self.axis != 2 else ""
        return f"{super().extra_repr()}{along}"  # type: ignore[no-untyped-call]

    def _check_input_dim(self, x: Tensor) -> None:
        fine = isinstance(x, Tensor) and x.ndim >= 3 and x.shape[self.axis] == self.num_features
        if not fine:
            got, axes = _checks.shape_or_type(x), "C, ..." if self.axis == 2 else "..., C"
            raise _checks.InputError(
                f"BatchNorm expects x [T, B, {axes}] with C = {self.num_features}, got {got}.", self
            )

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` [T, B, C, ...], or [T, B, ..., C] along the last axis."""
        self._check_input_dim(x)
        reason = _apart.shape_problem(self, x.ndim - 1)
        if reason:
            raise _checks.InputError(reason, self)
        flat = F.batch_norm(
            x.flatten(0, 1 if self.axis == 2 else -2),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self._momentum(),
            self.eps,
        )
        return flat.reshape(x.shape)

    def _momentum(self) -> float:
        if not (self.training and self.track_running_stats):
            return 0.0
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        if self.momentum is None:
            return 1.0 / float(self.num_batches_tracked)
        return self.momentum
