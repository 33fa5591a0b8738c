"""A copy of a network in float64 whose pruned and parametrised weights are what they amount to."""

import copy

import torch
from torch import Tensor
from torch.nn.utils import prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from axonal.neuro import Network

_MAKES_WEIGHTS = (prune.BasePruningMethod, SpectralNorm, WeightNorm)
"""Hooks that make a weight before every forward pass; `torch.nn.utils.parametrize` makes it when it
is read, and needs no help."""


def exact_copy(net: Network) -> Network:
    """Copy a network in float64 and evaluation mode.

    Pruning and the older norms keep their weight as the result of a computation, which cannot be
    copied, and make it anew in a forward pass only: here it is copied as it is, and made at once.

    Args:
        net: a Network; it is not changed.
    """
    made: dict[int, object] = {}
    for module in net.modules():
        for value in vars(module).values():
            if isinstance(value, Tensor) and not value.is_leaf:
                made[id(value)] = value.detach().clone()
    exact = copy.deepcopy(net, made).double().eval()
    with torch.no_grad():
        for module in exact.modules():
            for hook in module._forward_pre_hooks.values():
                if isinstance(hook, _MAKES_WEIGHTS):
                    hook(module, ())
    return exact
