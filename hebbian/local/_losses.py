"""Losses of every step, for rules that learn while the network runs."""

import torch.nn.functional as F
from torch import Tensor

from axonal.neuro import InputError


def step_loss(y: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of every step, ``mean_t CE(y_t, target)``.

    Unlike :func:`axonal.neuro.rate_loss` it is a sum over steps, so that each of them can be
    learned from before the next one is there.

    Args:
        y: output of some steps [K, B, C].
        target: class of each sample [B].

    Returns:
        A scalar.

    Raises:
        ValueError: if y and target do not fit each other.

    >>> import torch
    >>> step_loss(torch.zeros(5, 2, 4), torch.tensor([0, 3]))
    tensor(1.3863)
    """
    if y.ndim != 3 or not isinstance(target, Tensor) or target.shape != y.shape[1:2]:
        came = tuple(target.shape) if isinstance(target, Tensor) else type(target).__name__
        raise InputError(
            f"step_loss expects y [K, B, C] and a class of each sample [B], got {tuple(y.shape)} "
            f"and {came}."
        )
    return F.cross_entropy(y.flatten(0, 1), target.repeat(len(y)))
