"""The gated scan as an operator of torch: what it allocates, keeps and differentiates.

The loops of `cpu` and the kernels of `cuda` only fill what is allocated here.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._cuda import on_gpu
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape
from axonal.neuro.ops.gated_scan import cuda

if HAS_NUMBA:
    from axonal.neuro.ops.gated_scan import cpu


def scan_forward(x: Tensor, f: Tensor, h: Tensor) -> Tensor:
    """Run forward over x and f [T, B, ...]; return h after every step."""
    same_shape("gated_scan", "f", f, x.shape)
    same_shape("gated_scan", "h", h, x.shape[1:])
    y = empty(x.shape, x)
    fill = cuda.forward if on_gpu(x) else cpu.forward
    fill(x, f, h, y)
    return y


def _fake_forward(x: Tensor, f: Tensor, h: Tensor) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def scan_backward(g: Tensor, f: Tensor, h: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Run backward from g [T, B, ...]; return the gradients of x, f and h."""
    g_x, g_f = empty(g.shape, g), empty(g.shape, g)
    g_h = empty(h.shape, g)
    fill = cuda.backward if on_gpu(g) else cpu.backward
    fill(g, f, h, y, g_x, g_f, g_h)
    return g_x, g_f, g_h


def _fake_backward(g: Tensor, f: Tensor, h: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    x, f, h = (torch.empty_like(a, memory_format=torch.contiguous_format) for a in (g, f, h))
    return x, f, h


_forward = Operator(
    "gated_scan", "(Tensor x, Tensor f, Tensor h) -> Tensor", scan_forward, _fake_forward
)
_backward = Operator(
    "gated_scan_backward",
    "(Tensor g, Tensor f, Tensor h, Tensor y) -> (Tensor, Tensor, Tensor)",
    scan_backward,
    _fake_backward,
    of="gated_scan",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    _, f, h = inputs
    ctx.save_for_backward(f, h, output)


def _gradients(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    g_x, g_f, g_h = _backward(g, *ctx.saved_tensors)
    return g_x, g_f, g_h


_forward.differentiate(_gradients, _setup)


def gated_scan(x: Tensor, f: Tensor, h: Tensor) -> Tensor:
    """Run over ``x`` and ``f`` [T, B, ...]; see the operator's package."""
    y: Tensor = _forward(x, f, h)
    return y
