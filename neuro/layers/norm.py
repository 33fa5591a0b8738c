"""Batch normalisation over time and batch."""

import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import _apart


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation with statistics over time, batch and any space, one pair per channel.

    Args:
        num_features: channels C (N of [T, B, N]).
        eps, momentum, affine, track_running_stats: those of ``torch.nn.BatchNorm1d``.

    Returns:
        Called with x [T, B, C] or [T, B, C, H, W]: the same shape.

    Raises:
        ValueError: for an input of the wrong shape.

    >>> import torch
    >>> y = BatchNorm(3)(torch.rand(7, 4, 3))
    >>> y.mean((0, 1)).abs().max().item() < 1e-6
    True
    """

    def _check_input_dim(self, x: Tensor) -> None:
        if not isinstance(x, Tensor) or x.ndim < 3 or x.shape[2] != self.num_features:
            got = _checks.shape_or_type(x)
            raise _checks.InputError(
                f"BatchNorm expects x [T, B, C, ...] with C = {self.num_features}, got {got}.", self
            )

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` [T, B, C, ...]."""
        self._check_input_dim(x)
        reason = _apart.shape_problem(self, x.ndim - 1)
        if reason:
            raise _checks.InputError(reason, self)
        flat = F.batch_norm(
            x.flatten(0, 1),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self._momentum(),
            self.eps,
        )
        y: Tensor = flat.unflatten(0, x.shape[:2])
        return y

    def _momentum(self) -> float:
        if not (self.training and self.track_running_stats):
            return 0.0
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        if self.momentum is None:
            return 1.0 / float(self.num_batches_tracked)
        return self.momentum
