"""Neurons of any kind as an operator of torch: what it allocates, keeps and differentiates.

The loops of `cpu` only fill what is allocated here.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import gradient_of, same_shape
from axonal.neuro.ops.neuron_loop._feedback import Feedback
from axonal.neuro.ops.neuron_loop._kept import Kept
from axonal.neuro.ops.neuron_loop._needs import Needs
from axonal.neuro.ops.neuron_loop._state import State
from axonal.neuro.ops.neuron_loop.kinds import KINDS, Parameters

if HAS_NUMBA:
    from axonal.neuro.ops.neuron_loop import cpu


def _room(x: Tensor, convention: Convention, kind: str, save: bool, make: Any) -> list[Tensor]:
    """Allocate h, a and held [T, B, ...], those that are kept."""
    kept = (save, save and KINDS[kind].second, save and convention.refractory > 0)
    types = (x.dtype, x.dtype, torch.int8)
    return [
        make((x.shape[0] if keep else 0, *x.shape[1:]), x.new_empty(0, dtype=dtype))
        for keep, dtype in zip(kept, types, strict=True)
    ]


def loop_forward(
    x: Tensor, v: Tensor, a: Tensor, wait: Tensor, feedback: Feedback, parameters: Parameters,
    convention: Convention, kind: str, save: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Run forward over x [T, B, ...]; return spikes, v, a, wait and what is kept."""
    waits = {"wait": wait} if convention.refractory else {}
    for what, given in {"v": v, "a": a, **waits}.items():
        same_shape("neuron_loop", what, given, x.shape[1:])
    if feedback.weight.numel():
        _check(x, feedback)
    whole = torch.contiguous_format
    v, a, wait = (t.clone(memory_format=whole) for t in (v, a, wait))
    spikes = empty(x.shape, x)
    kept = _room(x, convention, kind, save, empty)
    if v.numel():
        cpu.forward(x, State(v, a, wait), feedback, parameters, convention, kind, (spikes, *kept))
    return spikes, v, a, wait, *kept


def _check(x: Tensor, feedback: Feedback) -> None:
    """Refuse tensors beyond whose end a kernel would read."""
    size = x.shape[2]
    same_shape("neuron_loop", "x", x, (*x.shape[:2], size))
    same_shape("neuron_loop", "weight", feedback.weight, (size, size))
    same_shape("neuron_loop", "bias", feedback.bias, (size,))
    same_shape("neuron_loop", "past", feedback.past, (feedback.max_delay + 1, *x.shape[1:]))
    if feedback.kernel:
        same_shape("neuron_loop", "delay", feedback.delay, (size, size))


def _fake_forward(
    x: Tensor, v: Tensor, a: Tensor, wait: Tensor, feedback: Feedback, parameters: Parameters,
    convention: Convention, kind: str, save: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    whole = torch.contiguous_format
    made = (torch.empty_like(t, memory_format=whole) for t in (x, v, a, wait))
    return *made, *_room(x, convention, kind, save, lambda shape, like: like.new_empty(shape))


def loop_backward(
    g: Tensor, g_v: Tensor, g_a: Tensor, kept: Kept, v: Tensor, a: Tensor, feedback: Feedback,
    parameters: Parameters, convention: Convention, kind: str, needs: Needs,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Run backward; return gradients of x, v, a, decay, threshold, other, past, weight, delay."""
    g_x, g_v, g_a = empty(g.shape, g), g_v.clone(), g_a.clone()
    learns = needs[:3]
    cells = [g_v.new_zeros(g_v.shape if learnt else 0) for learnt in learns]
    # without a sample there is nothing to sum
    like = (feedback.past, feedback.weight, feedback.delay)
    found: tuple[Tensor | None, ...] = tuple(map(torch.zeros_like, like))
    if g_v.numel():
        found = cpu.backward(
            g, kept, State(v, a, None), feedback, parameters, convention, kind, needs,
            (g_x, g_v, g_a, *cells),
        )  # fmt: skip
    sums = (
        gradient_of(each, parameter, learnt)
        for each, parameter, learnt in zip(cells, parameters, learns, strict=False)
    )
    return g_x, g_v, g_a, *sums, *(g.new_empty(0) if f is None else f for f in found)


def _fake_backward(
    g: Tensor, g_v: Tensor, g_a: Tensor, kept: Kept, v: Tensor, a: Tensor, feedback: Feedback,
    parameters: Parameters, convention: Convention, kind: str, needs: Needs,
) -> tuple[Tensor, ...]:  # fmt: skip
    whole = torch.contiguous_format
    like = (*parameters[:3], feedback.past, feedback.weight, feedback.delay)
    return (
        *(torch.empty_like(t, memory_format=whole) for t in (g, g_v, g_a)),
        *(
            torch.empty_like(t, memory_format=whole) if needed else g.new_empty(0)
            for t, needed in zip(like, needs, strict=True)
        ),
    )


_FEEDBACK = (
    "Tensor past, Tensor weight, Tensor bias, Tensor delay, Tensor sigma, str kernel, int max_delay"
)
_PARAMETERS = "Tensor decay, Tensor threshold, Tensor other, Tensor gain"
_forward = Operator(
    "neuron_loop",
    f"(Tensor x, Tensor v, Tensor a, Tensor wait, {_FEEDBACK}, {_PARAMETERS}, "
    "Convention convention, str kind, bool save) "
    "-> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    loop_forward,
    _fake_forward,
    devices=("cpu",),
)
_backward = Operator(
    "neuron_loop_backward",
    "(Tensor g, Tensor g_v, Tensor g_a, Tensor spikes, Tensor h, Tensor a_of, Tensor held, "
    f"Tensor v, Tensor a, {_FEEDBACK}, {_PARAMETERS}, Convention convention, str kind, "
    "bool needs_decay, bool needs_threshold, bool needs_other, bool needs_past, "
    "bool needs_weight, bool needs_delay) -> "
    "(Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    loop_backward,
    _fake_backward,
    devices=("cpu",),
    of="neuron_loop",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, v, a, _, *tensors, convention, kind, _ = inputs
    ctx.save_for_backward(
        output[0], *output[4:], v, a, *(t for t in tensors if isinstance(t, Tensor))
    )
    ctx.settings = tuple(tensors[5:7]), convention, kind
    ctx.mark_non_differentiable(*output[4:])
    ctx.set_materialize_grads(False)


def _gradients(ctx: Any, g: Tensor | None, g_v: Tensor | None, *others: Any) -> tuple[Any, ...]:
    spikes, h, a_of, held, v, a, *tensors = ctx.saved_tensors
    (kernel, max_delay), convention, kind = ctx.settings
    _, _, _, _, past, weight, bias, delay, _, _, _, decay, threshold, other = ctx.needs_input_grad[
        :14
    ]
    g = torch.zeros_like(spikes) if g is None else g
    g_v = torch.zeros_like(v) if g_v is None else g_v
    g_a = torch.zeros_like(a) if others[0] is None else others[0]
    needs = Needs(decay, threshold, other, past, weight, delay)
    found = _backward(
        g, g_v, g_a, spikes, h, a_of, held, v, a, *tensors[:5], kernel, max_delay, *tensors[5:],
        convention, kind, *needs,
    )  # fmt: skip
    g_x, g_v, g_a, *learnt = found
    g_decay, g_threshold, g_other, g_past, g_weight, g_delay = (
        each if needed else None for each, needed in zip(learnt, needs, strict=True)
    )
    g_bias = g_x.sum((0, 1)) if bias else None
    return (
        g_x, g_v, g_a, None, g_past, g_weight, g_bias, g_delay, None, None, None,
        g_decay, g_threshold, g_other, None, None, None, None,
    )  # fmt: skip


_forward.differentiate(_gradients, _setup)


def neuron_loop(
    x: Tensor,
    state: State,
    feedback: Feedback | None,
    parameters: Parameters,
    convention: Convention,
    kind: str,
) -> tuple[Tensor, State]:
    """Run ``x``; see :func:`axonal.neuro.ops.neuron_loop.neuron_loop`."""
    v, a, wait = state
    nothing = x.new_empty(0)
    if feedback is None:
        square = x.new_empty(0, 0)
        feedback = Feedback(nothing, square, nothing, square, nothing, "", 0)
    given = (x, v, a, *parameters, *(t for t in feedback if isinstance(t, Tensor)))
    save = torch.is_grad_enabled() and any(t.requires_grad for t in given)
    waits = x.new_empty(0, dtype=torch.int32) if wait is None else wait.to(torch.int32)
    spikes, v, a, waits, *_ = _forward(
        x, v, a, waits, *feedback, *parameters, convention, kind, save
    )
    return spikes, State(v, a, None if wait is None else waits.to(wait.dtype))
