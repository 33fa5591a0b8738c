"""The Legendre memory of a whole sequence as a convolution by Fourier transforms."""

import torch
from torch import Tensor

from axonal.neuro.ops.lmu.chunked import orbit


def lmu(u: Tensor, m: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Run ``u`` [T, B, d]; see :func:`axonal.neuro.ops.lmu.lmu`."""
    # imported when used: commands that run no network should not wait for it
    from scipy.fft import next_fast_len

    steps = len(u)
    # twice the length, since a product of transforms is a convolution on a circle; a length of
    # small factors, since others are slow
    size = next_fast_len(2 * steps, real=True)
    heard = orbit(b, a, steps)  # [T, q], after an impulse
    of_u, of_answer = (torch.fft.rfft(x, size, dim=0) for x in (u, heard))
    product = of_u[..., None] * of_answer[:, None, None]
    memories: Tensor = torch.fft.irfft(product, size, dim=0)[:steps]
    return memories + orbit(m @ a.T, a, steps)
