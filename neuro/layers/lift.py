"""Layers without memory, over sequences [T, B, ...]: they return their output alone, no state."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import _apart
from axonal.neuro.ops.spike_linear import spike_linear


def over_time(module: Any, x: Tensor) -> Tensor:
    """Apply a function of a batch [B, ...] to a sequence [T, B, ...], a batch of T B samples."""
    flat = x.flatten(0, 1)
    here = module if isinstance(module, nn.Module) else None
    if here is not None:
        # a compiler sees what was looked at when the Network was made
        reason = None if _checks.compiling() else _apart.problem(here)
        reason = f"{_checks.name_of(here)} {reason}" if reason else None
        reason = reason or _apart.shape_problem(here, flat.ndim)
        if reason:
            raise _checks.InputError(f"{reason} x is {tuple(x.shape)}.", here)
    y: Tensor = module(flat)
    if not isinstance(y, Tensor) or y.ndim == 0 or len(y) != len(flat):
        made = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise _checks.InputError(
            f"{getattr(module, '__name__', type(module).__name__)} must keep every sample apart: "
            f"it made {made} of the {len(flat)} samples {tuple(flat.shape)}.",
            here,
        )
    steps: Tensor = y.unflatten(0, x.shape[:2])
    return steps


def connectivity(module: nn.Module, mask: Any, shape: torch.Size) -> Tensor | None:
    """Check a connectivity mask of 0 and 1 against the weight's shape; ``None`` stays ``None``."""
    if mask is None:
        return None
    who = _checks.name_of(module)
    synapses = torch.as_tensor(mask)
    if synapses.shape != shape:
        raise ValueError(
            f"{who} expects a mask of the weight's shape {tuple(shape)} (outputs first), "
            f"got {tuple(synapses.shape)}."
        )
    if not ((synapses == 0) | (synapses == 1)).all():
        raise ValueError(f"{who} expects a mask of 0 and 1 only.")
    return synapses.to(torch.get_default_dtype())


def synapses(mask: Tensor | None) -> str:
    """Return how many synapses a mask leaves, as ``print(layer)`` shows it."""
    return "" if mask is None else f", synapses={int(mask.sum())}"


def rescale_to_fan_in(weight: Tensor, mask: Tensor) -> None:
    """Scale a dense initialisation so that sparse units receive the same input variance."""
    fan_in = mask.flatten(1).sum(1).clamp(min=1)
    scale = (mask[0].numel() / fan_in).sqrt().reshape(-1, *[1] * (weight.ndim - 1))
    with torch.no_grad():
        weight.mul_(scale).mul_(mask)


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
        _checks.sequence(self, x, (self.in_features,), self.weight.dtype)
        y = spike_linear(x, self.masked_weight)
        return y if self.bias is None else y + self.bias.to(y.dtype)

    def extra_repr(self) -> str:
        """Return what ``print(layer)`` shows."""
        return f"{super().extra_repr()}{synapses(self.mask)}"


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
        """Return what ``print(layer)`` shows."""
        shown = super().extra_repr()  # type: ignore[no-untyped-call]
        return f"{shown}{synapses(self.mask)}"


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation with statistics over time, batch and any space, one pair a channel.

    Args:
        num_features: channels C (N of [T, B, N]).
        eps, momentum, affine, track_running_stats: those of ``torch.nn.BatchNorm1d``.

    Returns:
        Called with x [T, B, C] or [T, B, C, H, W]: the same shape.

    Raises:
        ValueError: for an input of the wrong shape.

    >>> y = BatchNorm(3)(torch.rand(7, 4, 3))
    >>> y.mean((0, 1)).abs().max().item() < 1e-6
    True
    """

    def _check_input_dim(self, x: Tensor) -> None:
        if not isinstance(x, Tensor) or x.ndim < 3 or x.shape[2] != self.num_features:
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
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


class Dropout(nn.Module):
    """Dropout, with one mask for the whole sequence if asked.

    Args:
        p: share of values set to zero while training, 0 to 1; the others grow by 1 / (1 - p).
        same_over_time: drop a unit for all steps of a call, not each step anew.

    Returns:
        Called with x [T, B, ...]: the same shape; in evaluation x itself.

    Raises:
        ValueError: if p is out of range.

    >>> torch.equal(Dropout(0.5).eval()(x := torch.rand(3, 2, 4)), x)
    True
    """

    def __init__(self, p: float = 0.5, *, same_over_time: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout expects p from 0 to 1, got {p!r}.")
        self.p, self.same_over_time = p, same_over_time

    def forward(self, x: Tensor) -> Tensor:
        """Drop values of ``x`` [T, B, ...]."""
        if not self.same_over_time or not self.training:
            return F.dropout(x, self.p, self.training)
        return x * F.dropout(torch.ones_like(x[:1]), self.p)

    def extra_repr(self) -> str:
        """Return what ``print(layer)`` shows."""
        return f"p={self.p}, same_over_time={self.same_over_time}"


class Lift(nn.Module):
    """Apply a module made for batches [B, ...] to every step of a sequence [T, B, ...].

    A Network lifts the modules of ``torch.nn`` by itself; wrap a stateless module of your own to
    keep it in one piece.

    Args:
        module: any module without memory; it sees the T B samples as one batch.

    Returns:
        Called with x [T, B, ...]: y [T, B, ...].

    >>> Lift(nn.MaxPool2d(2))(torch.zeros(5, 2, 3, 8, 8)).shape
    torch.Size([5, 2, 3, 4, 4])
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Apply the module to ``x`` [T, B, ...]."""
        if not isinstance(x, Tensor) or x.ndim < 2:
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise _checks.InputError(f"Lift expects x [T, B, ...], got {got}.", self)
        return over_time(self.module, x)
