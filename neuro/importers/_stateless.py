"""Modules without memory: those of torch as the layers here that know time, others as they are."""

import copy
from typing import Any

from torch import nn

from axonal.neuro.layers import BatchNorm, Conv2d, Dropout, Linear


def hooked(module: nn.Module) -> bool:
    """Return whether hooks run with its forward, which a layer in its place would not have."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


def converted(module: nn.Module) -> nn.Module:
    """Return a copy of a module of torch.nn, or the layer here in its place that knows time."""
    kind = None if hooked(module) else type(module)
    like: Any = module
    if kind is nn.Linear:
        return filled(Linear(like.in_features, like.out_features, like.bias is not None), module)
    if kind is nn.Conv2d:
        return _convolution(like)
    if kind in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d):
        return _norm(like)
    if kind is nn.Dropout:
        return filled(Dropout(like.p), module)
    return copy.deepcopy(module)


def subclass(module: nn.Module, same_mask: str = "") -> nn.Module | None:
    """Return the layer that a framework's subclass of a module of torch is without its additions.

    Args:
        module: of a class that adds a way to step, and computes what its base class does.
        same_mask: name of a dropout that keeps its mask over time, which has no base in torch.

    Returns:
        The layer; ``None`` for other classes.
    """
    like: Any = module
    name = type(module).__name__
    if name == same_mask:
        return filled(Dropout(like.p, same_over_time=True), module)
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        return _norm(like) if name in _NORMS else None
    base: Any = getattr(nn, name, None)
    if base is None or not isinstance(module, base):
        return None
    if base is nn.Linear:
        return filled(Linear(like.in_features, like.out_features, like.bias is not None), module)
    if base is nn.Conv2d:
        return _convolution(like)
    plain: nn.Module = base.__new__(base)
    plain.__dict__.update(copy.deepcopy(vars(module)))
    return plain


_NORMS = frozenset(
    f"{prefix}BatchNorm{d}d" for prefix in ("", "ThresholdDependent") for d in (1, 2, 3)
)


def _convolution(like: Any) -> nn.Module:
    layer = Conv2d(
        like.in_channels, like.out_channels, like.kernel_size, stride=like.stride,
        padding=like.padding, dilation=like.dilation, groups=like.groups,
        bias=like.bias is not None, padding_mode=like.padding_mode,
    )  # fmt: skip
    return filled(layer, like)


def _norm(like: Any) -> nn.Module:
    layer = BatchNorm(
        like.num_features, eps=like.eps, momentum=like.momentum, affine=like.affine,
        track_running_stats=like.track_running_stats,
    )  # fmt: skip
    return filled(layer, like)


def filled(layer: nn.Module, source: nn.Module) -> nn.Module:
    """Copy parameters, buffers, what is learned and the mode from ``source``."""
    for tensor in source.parameters():
        layer.to(tensor.device, tensor.dtype)
    layer.load_state_dict(source.state_dict())
    for name, parameter in source.named_parameters():
        layer.get_parameter(name).requires_grad_(parameter.requires_grad)
    return layer.train(source.training)
