"""The Legendre memory of a whole sequence as a convolution by Fourier transforms."""

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from axonal.neuro.ops.lmu.chunked import answer


def lmu(u: Tensor, m: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Run ``u`` [T, B, d]; see :func:`axonal.neuro.ops.lmu.lmu`."""
    steps = len(u)
    # twice the length, since a product of transforms is a convolution on a circle; a length of
    # small factors, since others are slow
    size = next_fast_len(2 * steps, real=True)
    heard = answer(steps, a, b)  # [T, q]
    of_u, of_answer = (torch.fft.rfft(x, size, dim=0) for x in (u, heard))
    product = of_u[..., None] * of_answer[:, None, None]
    memories: Tensor = torch.fft.irfft(product, size, dim=0)[:steps] + _fading(steps, m, a)
    return memories


def _fading(steps: int, m: Tensor, a: Tensor) -> Tensor:
    """The rest of a memory after steps 1 .. T [T, B, d, q]."""
    known, power = (m @ a.T)[None], a
    while len(known) < steps:
        known = torch.cat((known, known @ power.T))
        power = power @ power
    return known[:steps]
