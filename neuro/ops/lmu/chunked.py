"""The Legendre memory in chunks: what a chunk hears and the memory before it, in one product."""

import math

import torch
from torch import Tensor

LEAST = 8
"""Steps from which on chunks are faster than single steps."""
_LONGEST = 64
_CACHED = 1 << 19
"""Numbers of the matrix of a chunk that stay in a cache."""


def length_of(steps: int, order: int) -> int:
    """Steps of a chunk: as many as fit, fewer than `LEAST` where single steps are as fast.

    >>> length_of(784, 64), length_of(784, 256), length_of(784, 512)
    (64, 7, 1)
    """
    fitting = int((math.sqrt(order**2 + 4 * _CACHED / order) - order) / 2)
    return min(steps, _LONGEST, max(fitting, 1))


def orbit(first: Tensor, a: Tensor, steps: int) -> Tensor:
    """Memories ``first`` [..., q] after 0 .. steps - 1 steps without input [steps, ..., q]."""
    known, power = first[None], a
    while len(known) < steps:
        # A^k times the first k gives the next k
        known = torch.cat((known, known @ power.T))
        power = power @ power
    return known[:steps]


def lmu(u: Tensor, m: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Run ``u`` [T, B, d]; see :func:`axonal.neuro.ops.lmu.lmu`."""
    steps, order = len(u), len(b)
    length = length_of(steps, order)
    heard = orbit(b, a, length)  # [L, q], after an impulse
    # [L, q, L]: step t hears what came s = t - k steps before
    lag = torch.arange(length, device=u.device)
    lag = lag[:, None] - lag
    within = torch.where((lag >= 0)[..., None], heard[lag.clamp(min=0)], heard.new_zeros(()))
    within = within.permute(0, 2, 1)
    # A^(t + 1) of the memory before the chunk [L, q, q]
    carried = orbit(a.T, a, length).transpose(1, 2)
    whole = torch.cat((within, carried), dim=2)  # [L, q, L + q]
    shape = u.shape[1:]
    before = m.reshape(-1, order).T  # [q, M], of M memories
    memories = []
    for chunk in u.reshape(steps, -1).split(length):
        part = whole
        if len(chunk) < length:  # the last one
            part = torch.cat((within[: len(chunk), :, : len(chunk)], carried[: len(chunk)]), dim=2)
        out = part.flatten(0, 1) @ torch.cat((chunk, before))
        memories.append(out.view(len(chunk), order, -1))
        before = memories[-1][-1]
    return torch.cat(memories).transpose(1, 2).reshape(steps, *shape, order)
