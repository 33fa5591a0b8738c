"""Connections with one delay per synapse."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.delayed_linear import _op, _taps, cuda, reference
from axonal.neuro.ops.delayed_linear._synapses import Synapses
from axonal.neuro.ops.delayed_linear._taps import taps
from axonal.neuro.ops.delayed_linear.reference import delay_kernel

__all__ = ["KERNELS", "delay_kernel", "delayed_linear", "taps"]

KERNELS = ("gaussian", "triangle", "two-tap", "one-tap", "straight-through")

_DENSE = 0.6
"""Share of the taps from which on a dense convolution is faster than one tap after another."""


def delayed_linear(
    x: Tensor,
    history: Tensor,
    weight: Tensor,
    delay: Tensor,
    sigma: Tensor | float = 0.5,
    *,
    kernel: str,
    max_delay: int,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """Sum delayed inputs, ``y_t = sum_i w_oi x_i(t - d_oi)``, with d real or whole.

    A delay between two steps is spread over whole ones, ``y_t = sum_ij k_oij x_i(t - j)``:

        gaussian  k_j = w g_j / (sum_j g_j + 1e-7),  g_j = exp(-((j - d) / sigma)^2 / 2)
        triangle  k_j = w g_j / (sum_j g_j + 1e-7),  g_j = max(0, sigma - |j - d|)
        two-tap   k = w (1 - f) at floor(d) and w f one step later,  f = d - floor(d)
        one-tap   k = w at round(d), halves to the even step
        straight-through  k = w at round(d); the gradient of d is that of the Gaussian

    Source: Hammouamri et al., ICLR 2024 (arXiv 2306.17670), whose width parameter SIG is
    ``sigma - 0.27`` (``sigma - 1`` of the triangle, its version "max"; "v1" is two-tap) and whose
    position P is ``floor(K / 2) - d`` with K = max_delay + 1. Bengio et al., 2013 (arXiv
    1308.3432): gradients that pass a rounding straight through.

    Args:
        x: input [T, B, I].
        history: the ``max_delay`` inputs before ``x`` [max_delay, B, I].
        weight: [O, I].
        delay: in steps [O, I], 0 to ``max_delay``.
        sigma: standard deviation of the Gaussian in steps, > 0, or half the base of the triangle,
            >= 1; kernels of one tap or two ignore it. If it requires a gradient, "auto" takes the
            definition.
        kernel: one of `KERNELS`.
        max_delay: the longest delay in steps.
        backend: ``"auto"``, ``"reference"`` (a dense convolution), ``"cpu"`` (compiled loops over
            the taps that are not zero in the precision of x) or ``"cuda"`` (kernels over the same
            taps; not triangle, not straight-through). Where ``sigma`` is a tensor on a GPU, "auto"
            does not look at it, since that would wait for the GPU, and takes the kernels, whose
            time grows with sigma.

    Returns:
        y [T, B, O] and the history [max_delay, B, I] with which the next sequence goes on.

    Raises:
        ValueError: if the kernel or the back end is unknown, or cannot run these tensors; if
            sigma is not > 0, or its gradient is wanted of compiled code.

    >>> import torch
    >>> x = torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1)
    >>> w, d = torch.tensor([[2.0]]), torch.tensor([[1.25]])
    >>> y, history = delayed_linear(x, torch.zeros(2, 1, 1), w, d, kernel="two-tap", max_delay=2)
    >>> y.flatten()
    tensor([0.0000, 1.5000, 0.5000])
    """
    if kernel not in KERNELS:
        raise ValueError(f"unknown delay kernel {kernel!r}; known: {', '.join(KERNELS)}.")
    given = (x, history, weight, delay)
    learned = isinstance(sigma, Tensor) and sigma.requires_grad and kernel in _taps.WIDE
    if learned and backend in ("cpu", "cuda"):
        raise ValueError(
            f'backend="{backend}" of delayed_linear has no gradient of sigma. Use '
            'backend="reference", or sigma.detach().'
        )
    pays = backend == "auto" and not learned
    pays = pays and _taps.few(sigma, kernel, max_delay, x.dtype, _DENSE)
    kernels, synapses = kernel in cuda.KERNELS, Synapses(weight, delay, sigma, kernel, max_delay)
    if _dispatch.use_compiled("delayed_linear", backend, *given, pays=pays, cuda=kernels):
        return _op.delayed_linear(x, history, synapses)
    return reference.delayed_linear(x, history, synapses)
