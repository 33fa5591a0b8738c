"""Copies of networks whose pruned and parametrised weights are what they amount to."""

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

M = TypeVar("M", bound=nn.Module)

_MAKES_WEIGHTS = (prune.BasePruningMethod, SpectralNorm, WeightNorm)
"""Hooks that make a weight before every forward pass; `torch.nn.utils.parametrize` makes it when it
is read, and needs no help."""


def exact_copy(net: M) -> M:
    """Copy a network in float64 and evaluation mode, as `evaluation_copy` does.

    Args:
        net: a Network; it is not changed.
    """
    return evaluation_copy(net, torch.float64)


def evaluation_copy(net: M, dtype: torch.dtype | None = None) -> M:
    """Copy a network in evaluation mode.

    Pruning and the older norms keep their weight as the result of a computation, which cannot be
    copied, and make it anew in a forward pass only: here it is copied as it is, and made at once.

    Args:
        net: a network; it is not changed.
        dtype: of the copy; by default that of the network.
    """
    made: dict[int, object] = {}
    for module in net.modules():
        for value in vars(module).values():
            if isinstance(value, Tensor) and not value.is_leaf:
                made[id(value)] = value.detach().clone()
    copied = copy.deepcopy(net, made).eval()
    if dtype is not None:
        copied = copied.to(dtype)
    with torch.no_grad():
        for module in copied.modules():
            for hook in module._forward_pre_hooks.values():
                if isinstance(hook, _MAKES_WEIGHTS):
                    hook(module, ())
    return copied
