"""First-order linear recurrences as associative scans."""

import torch
from torch import Tensor

BLOCK = 64
"""Length from which a scan is made of blocks: within them, over their ends, and back."""


def linear_scan(factor: Tensor, x: Tensor) -> Tensor:
    """Return all h of ``h_k = factor_k h_(k-1) + x_k``, ``h_-1 = 0``, along the last axis.

    Two steps of it are one step, ``(f, x) then (g, y) = (f g, g x + y)``, which is associative, so
    that a tree of ``O(log K)`` levels replaces a loop of K steps (Blelloch, CMU-CS-90-190, 1990).

    Args:
        factor: [..., K].
        x: likewise.

    >>> linear_scan(torch.tensor([0.5, 0.5, 0.5]), torch.tensor([4.0, 0.0, 1.0]))
    tensor([4., 2., 2.])
    """
    return _scanned(factor, x)[1]


def _scanned(factor: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return products of the factors from the start on, and h."""
    length = x.shape[-1]
    if length > BLOCK:
        return _by_blocks(factor, x)
    factor, x = factor.clone(), x.clone()
    step = 1
    while step < length:
        late, early = slice(step, None), slice(None, -step)
        x[..., late] += factor[..., late] * x[..., early]
        factor[..., late] = factor[..., late] * factor[..., early]
        step *= 2
    return factor, x


def _by_blocks(factor: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    length = x.shape[-1]
    more = -length % BLOCK
    shape = (*x.shape[:-1], -1, BLOCK)
    whole = torch.nn.functional.pad(factor, (0, more), value=1.0).view(shape)
    products, h = _scanned(whole, torch.nn.functional.pad(x, (0, more)).view(shape))
    before, carried = _scanned(products[..., -1], h[..., -1])
    h[..., 1:, :] += products[..., 1:, :] * carried[..., :-1, None]
    products[..., 1:, :] *= before[..., :-1, None]
    return products.flatten(-2)[..., :length], h.flatten(-2)[..., :length]
