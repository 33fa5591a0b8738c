"""The WKV recurrence as an operator of torch: what it allocates, keeps and differentiates.

The loops of `cpu` and the kernels of `cuda` only fill what is allocated here.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._cuda import on_gpu
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape, state_type, sum_to
from axonal.neuro.ops.wkv import cuda
from axonal.neuro.ops.wkv._gradients import Gradients
from axonal.neuro.ops.wkv._state import SEGMENT, WKVState

if HAS_NUMBA:
    from axonal.neuro.ops.wkv import cpu


def wkv_forward(
    k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: WKVState, keep: bool
) -> tuple[Tensor, ...]:
    """Run forward; return y, the state and the states at the start of every segment."""
    same_shape("wkv", "v", v, k.shape)
    for name, given in zip(WKVState._fields, state, strict=True):
        same_shape("wkv", name, given, k.shape[1:])
    for name, given in (("w", w), ("u", u)):
        same_shape("wkv", name, given, k.shape[2:])
    dtype = state_type(k.dtype)
    state = WKVState(
        *(a.to(dtype, copy=True, memory_format=torch.contiguous_format) for a in state)
    )
    rows = -(-len(k) // SEGMENT) if keep else 0
    y, kept = empty(k.shape, k), WKVState(*(empty((rows, *a.shape), a) for a in state))
    fill = cuda.forward if on_gpu(k) else cpu.forward
    fill(k, v, w.to(dtype), u.to(dtype), state, y, kept)
    return y, *state, *kept


def _fake_forward(
    k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: WKVState, keep: bool
) -> tuple[Tensor, ...]:
    rows = -(-k.shape[0] // SEGMENT) if keep else 0
    dtype = state_type(k.dtype)
    y = torch.empty_like(k, memory_format=torch.contiguous_format)
    ends = (a.new_empty(a.shape, dtype=dtype) for a in state)
    return y, *ends, *(a.new_empty((rows, *a.shape), dtype=dtype) for a in state)


def wkv_backward(
    g: Tensor, g_p: Tensor, g_q: Tensor, k: Tensor, v: Tensor, w: Tensor, u: Tensor, kept: WKVState
) -> tuple[Tensor, ...]:
    """Run backward from the gradients of y, p and q; return those of k, v, w, u, p and q."""
    whole, dtype = torch.contiguous_format, kept.p.dtype
    gradients = Gradients(
        *(empty(k.shape, k) for _ in range(2)),
        *(torch.zeros_like(g_p, memory_format=whole) for _ in range(2)),
        *(a.clone(memory_format=whole) for a in (g_p, g_q)),
    )
    fill = cuda.backward if on_gpu(g) else cpu.backward
    fill(g, k, v, w.to(dtype), u.to(dtype), kept, gradients)
    g_w, g_u = (sum_to(cells, w.shape).to(w.dtype) for cells in (gradients.w, gradients.u))
    return gradients.k, gradients.v, g_w, g_u, gradients.p, gradients.q


def _fake_backward(
    g: Tensor, g_p: Tensor, g_q: Tensor, k: Tensor, v: Tensor, w: Tensor, u: Tensor, kept: WKVState
) -> tuple[Tensor, ...]:
    return tuple(
        torch.empty_like(a, memory_format=torch.contiguous_format) for a in (k, v, w, u, g_p, g_q)
    )


_STATE = "Tensor p, Tensor q, Tensor o"
_forward = Operator(
    "wkv",
    f"(Tensor k, Tensor v, Tensor w, Tensor u, {_STATE}, bool keep) "
    f"-> ({', '.join(['Tensor'] * 7)})",
    wkv_forward,
    _fake_forward,
)
_backward = Operator(
    "wkv_backward",
    "(Tensor g, Tensor g_p, Tensor g_q, Tensor k, Tensor v, Tensor w, Tensor u, "
    f"{_STATE}) -> ({', '.join(['Tensor'] * 6)})",
    wkv_backward,
    _fake_backward,
    of="wkv",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    k, v, w, u, p, q, o, ctx.keeps = inputs
    kept = output[4:]
    ctx.save_for_backward(k, v, w, u, p, q, o, *output[1:3], *kept)
    ctx.mark_non_differentiable(*kept)
    ctx.set_materialize_grads(False)


def _gradients(
    ctx: Any, g: Tensor | None, g_p: Tensor | None, g_q: Tensor | None, g_o: Tensor | None, *_: Any
) -> tuple[Any, ...]:
    if not ctx.keeps:
        raise ValueError(
            "this program of wkv was exported to run, without what a backward pass needs: train "
            "the network it was made of, or export it with a fixed number of steps."
        )
    k, v, w, u, p, q, o, last_p, last_q, *kept = ctx.saved_tensors
    told = any(a is not None for a in (g_p, g_q, g_o))
    g = torch.zeros_like(k) if g is None else g
    g_p, g_q, g_o = (torch.zeros_like(last_p) if a is None else a for a in (g_p, g_q, g_o))
    g_k, g_v, g_w, g_u, first_p, first_q = _backward(g, g_p, g_q, k, v, w, u, *kept)
    # y depends on p exp(o) and q exp(o) alone
    first_o = first_p * p + first_q * q
    if told:
        to_k, to_w, to_o = _through_exponent(g_o - g_p * last_p - g_q * last_q, k, w, o)
        g_k, g_w, first_o = g_k + to_k.to(g_k.dtype), g_w + to_w.to(g_w.dtype), first_o + to_o
    return g_k, g_v, g_w, g_u, first_p, first_q, first_o, None


def _through_exponent(g: Tensor, k: Tensor, w: Tensor, o: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of k, w and the first o by the last one, the largest of all that have fallen.

    o_T is the largest of o + T w and of k_t + (T - t) w, t = 1, ..., T.
    """
    falls = torch.arange(k.shape[0], -1, -1, device=k.device, dtype=w.dtype)  # [T + 1]
    largest = (torch.cat((o[None], k)) + falls[:, None, None] * w).argmax(0, keepdim=True)
    whole = torch.zeros(len(k) + 1, *o.shape, dtype=g.dtype, device=g.device)
    whole = whole.scatter(0, largest, g[None])
    return whole[1:], (g * falls[largest[0]]).sum(0), whole[0]


_forward.differentiate(_gradients, _setup)


def wkv(k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: WKVState) -> tuple[Tensor, WKVState]:
    """Run over ``k`` and ``v`` [T, B, C]; see the operator's package."""
    keep = torch.is_grad_enabled() and any(a.requires_grad for a in (k, v, w, u, *state))
    if torch.compiler.is_exporting() and isinstance(k.shape[0], torch.SymInt):
        keep = False  # the number of segments would bound that of steps
    y, p, q, o, *_ = _forward(k, v, w, u, *state, keep)
    return y, WKVState(p, q, o)
