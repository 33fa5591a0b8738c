"""Legendre memory unit: a window of the past as its coefficients in Legendre polynomials."""

from torch import Tensor

from axonal.neuro.ops._shapes import same_shape
from axonal.neuro.ops.lmu import chunked, fft, reference
from axonal.neuro.ops.lmu._matrices import DISCRETIZATIONS, matrices

__all__ = ["BACKENDS", "DISCRETIZATIONS", "lmu", "matrices"]

_RUN = {"reference": reference.lmu, "chunked": chunked.lmu, "fft": fft.lmu}
BACKENDS = ("auto", *_RUN)


def lmu(u: Tensor, m: Tensor, a: Tensor, b: Tensor, *, backend: str = "auto") -> Tensor:
    """Run Legendre memories, ``m_t = A m_{t-1} + B u_t``.

    All forms are plain torch, differentiable as often as it is wished and on every device. They
    round differently; the definition goes step by step and is what streams.

    Args:
        u: what memories hear [T, B, d].
        m: memories after the last step before ``u`` [B, d, q].
        a: A [q, q], see `matrices`.
        b: B [q].
        backend: ``"reference"`` (step by step), ``"chunked"`` (a product per chunk of some dozens
            of steps, the last memory of a chunk begins the next), ``"fft"`` (a convolution of the
            whole sequence with the memory's answer to an impulse) or ``"auto"``, which is
            step by step for few steps and for high orders, chunks otherwise.

    Returns:
        memories after every step [T, B, d, q].

    Raises:
        ValueError: if the back end is unknown, and for shapes that do not fit.

    >>> import torch
    >>> a, b = matrices(4, 4.0)
    >>> lmu(torch.ones(9, 1, 1), torch.zeros(1, 1, 4), a, b)[-1, 0, 0].round(decimals=2).abs()
    tensor([1., 0., 0., 0.])
    """
    if backend not in BACKENDS:
        known = ", ".join(BACKENDS)
        raise ValueError(f"unknown backend {backend!r} of lmu; known: {known}.")
    order = len(b)
    same_shape("lmu", "A", a, (order, order))
    same_shape("lmu", "m", m, (*u.shape[1:], order))
    if backend == "auto":
        few = chunked.length_of(u.shape[0], order) < chunked.LEAST
        backend = "reference" if few else "chunked"
    return _RUN[backend](u, m, a, b)
