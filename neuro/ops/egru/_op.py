"""Event-based gated units as an operator of torch: allocations, what is kept, gradients."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape, sum_to
from axonal.neuro.ops.egru._events import Events
from axonal.neuro.ops.egru._feedback import Feedback
from axonal.neuro.ops.egru._gradients import Gradients
from axonal.neuro.ops.egru._kept import Kept
from axonal.neuro.ops.egru._loop_state import LoopState

if HAS_NUMBA:
    from axonal.neuro.ops.egru import cpu


def egru_forward(
    x: Tensor,
    state: LoopState,
    feedback: Feedback,
    taken: Tensor | None,
    events: Events,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run forward over x [T, B, 3N]; return y, c and, where kept, gates and b_g."""
    steps, batch, size = x.shape[0], *state.c.shape[-2:]
    same_shape("egru", "x", x, (steps, batch, 3 * size))
    same_shape("egru", "y", state.y, (batch, size))
    same_shape("egru", "weight", feedback.weight, (3 * size, size))
    same_shape("egru", "bias", feedback.bias, (3 * size,))
    same_shape("egru", "threshold", events.threshold, (size,))
    y, c = (empty((steps, batch, size), x) for _ in range(2))
    rows = steps if keep else 1
    gates, heard = empty((rows, batch, 3 * size), x), empty((rows, batch, size), x)
    cpu.forward(x, state, feedback, taken, events, Kept(gates, heard, y, c))
    return y, c, gates, heard


def _fake_forward(
    x: Tensor,
    state: LoopState,
    feedback: Feedback,
    taken: Tensor | None,
    events: Events,
    keep: bool,
) -> tuple[Tensor, ...]:
    batch, size = state.c.shape
    rows = x.shape[0] if keep else 1
    shapes = ((x.shape[0], batch, size),) * 2 + ((rows, batch, 3 * size), (rows, batch, size))
    return tuple(x.new_empty(shape) for shape in shapes)


def egru_backward(
    g_y: Tensor, g_c: Tensor, kept: Kept, state: LoopState, weight: Tensor, taken: Tensor | None,
    events: Events,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Run backward; return gradients of x, W y + b, the first y and c, and per sample of theta."""
    g_x, g_back = empty(kept.gates.shape, g_y), empty(kept.gates.shape, g_y)
    first_y, first_c, g_threshold = (torch.zeros_like(state.c).contiguous() for _ in range(3))
    gradients = Gradients(g_x, g_back, first_y, first_c, g_threshold)
    cpu.backward(g_y, g_c, kept, state, weight, taken, events, gradients)
    return gradients


def _fake_backward(
    g_y: Tensor, g_c: Tensor, kept: Kept, state: LoopState, weight: Tensor, taken: Tensor | None,
    events: Events,
) -> tuple[Tensor, ...]:  # fmt: skip
    gates, cells = kept.gates, state.c
    return (
        *(torch.empty_like(gates) for _ in range(2)),
        *(torch.empty_like(cells) for _ in range(3)),
    )


_forward = Operator(
    "egru",
    "(Tensor x, Tensor y, Tensor c, Tensor weight, Tensor bias, Tensor? taken, Tensor threshold, "
    "float damping, float support, bool keep) -> (Tensor, Tensor, Tensor, Tensor)",
    egru_forward,
    _fake_forward,
    devices=("cpu",),
)
_backward = Operator(
    "egru_backward",
    "(Tensor g_y, Tensor g_c, Tensor gates, Tensor heard, Tensor y, Tensor c, Tensor first_y, "
    "Tensor first_c, Tensor weight, Tensor? taken, Tensor threshold, float damping, float support) "
    "-> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    egru_backward,
    _fake_backward,
    devices=("cpu",),
    of="egru",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, first_y, first_c, weight, _, taken, threshold, ctx.damping, ctx.support, _ = inputs
    y, c, gates, heard = output
    ctx.save_for_backward(gates, heard, y, c, first_y, first_c, weight, taken, threshold)
    ctx.mark_non_differentiable(gates, heard)
    ctx.set_materialize_grads(False)


def _gradients(ctx: Any, g_y: Tensor | None, g_c: Tensor | None, *_: Any) -> tuple[Any, ...]:
    _, _, y, _, first_y, _, _, _, threshold = ctx.saved_tensors
    g_y = torch.zeros_like(y) if g_y is None else g_y
    g_c = torch.zeros_like(y) if g_c is None else g_c
    g_x, g_back, g_first_y, g_first_c, g_threshold = _backward(
        g_y, g_c, *ctx.saved_tensors, ctx.damping, ctx.support
    )
    needs = ctx.needs_input_grad
    g_weight = None
    if needs[3]:
        # step t hears the outputs of step t - 1: [3N, (T - 1) B] x [(T - 1) B, N]
        g_weight = g_back[1:].flatten(0, 1).T @ y[:-1].flatten(0, 1)
        g_weight = torch.addmm(g_weight, g_back[0].T, first_y)
    return (
        g_x,
        g_first_y if needs[1] else None,
        g_first_c if needs[2] else None,
        g_weight,
        g_back.sum((0, 1)) if needs[4] else None,
        None,
        sum_to(g_threshold, threshold.shape) if needs[6] else None,
        None,
        None,
        None,
    )


_forward.differentiate(_gradients, _setup)


def egru(
    x: Tensor, state: LoopState, feedback: Feedback, events: Events, taken: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Run ``x`` [T, B, 3N]; see :func:`axonal.neuro.ops.egru.egru`."""
    learns = (x, *state, *feedback, events.threshold)
    keep = torch.is_grad_enabled() and any(a.requires_grad for a in learns)
    y, c, _, _ = _forward(x, *state, *feedback, taken, *events, keep)
    return y, c
