"""A loop of LIF neurons as an operator of torch: what it allocates, keeps and differentiates.

The loops of `cpu` and the kernels of `cuda` only fill what is allocated here.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._cuda import on_gpu
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._gradients import Gradients, Learns
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape, state_type
from axonal.neuro.ops.recurrent_lif import cuda
from axonal.neuro.ops.recurrent_lif._feedback import Feedback, LoopState
from axonal.neuro.ops.recurrent_lif._kept import Kept

if HAS_NUMBA:
    from axonal.neuro.ops.recurrent_lif import cpu

NOTHING, POTENTIAL, INPUT = 0, 1, 2
"""Tensors kept for the backward pass beside the spikes: nothing, h [T, B, N], or x."""


def recurrent_forward(
    x: Tensor, feedback: Feedback, state: State, neuron: Neuron, save: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run forward over x [T, B, N]; return spikes, v, wait and, where kept, h [T, B, N]."""
    size = x.shape[-1]
    waits = {"wait": state.wait} if neuron.convention.refractory else {}
    for what, given in {"spikes": feedback.before, "v": state.v, **waits}.items():
        same_shape("recurrent_lif", what, given, x.shape[1:])
    same_shape("recurrent_lif", "weight", feedback.weight, (size, size))
    same_shape("recurrent_lif", "bias", feedback.bias, (size,))
    state = state.copy()
    steps = x.shape[0] if save == POTENTIAL else 0
    spikes, h = empty(x.shape, x), empty((steps, *state.v.shape), state.v)
    fill = cuda.forward if on_gpu(x) else cpu.forward
    fill(x, feedback, state, neuron, spikes, h)
    return spikes, *state, h


def _fake_forward(
    x: Tensor, feedback: Feedback, state: State, neuron: Neuron, save: int
) -> tuple[Tensor, ...]:
    spikes, v, wait = (
        torch.empty_like(a, memory_format=torch.contiguous_format) for a in (x, *state)
    )
    return spikes, v, wait, v.new_empty(x.shape[0] if save == POTENTIAL else 0, *v.shape)


def recurrent_backward(
    g: Tensor,
    g_v: Tensor,
    kept: Kept,
    feedback: Feedback,
    state: State,
    neuron: Neuron,
    learns: Learns,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run backward from spikes' g [T, B, N]; return gradients of x, v, decay and threshold."""
    # a thread of a GPU sums for its own cell [B, N], the loops of the CPU for neurons [N]
    gradients = Gradients.room(g, g_v, learns, g_v.shape if on_gpu(g) else g_v.shape[1:])
    fill = cuda.backward if on_gpu(g) else cpu.backward
    fill(g, kept, feedback, state, neuron, gradients)
    return gradients.summed(neuron)


def _fake_backward(
    g: Tensor, g_v: Tensor, kept: Kept, feedback: Feedback, state: State, neuron: Neuron,
    learns: Learns,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    return Gradients.fake(g, g_v, neuron, learns)


_forward = Operator(
    "recurrent_lif",
    "(Tensor x, Tensor spikes, Tensor weight, Tensor bias, Tensor v, Tensor wait, Tensor decay, "
    "Tensor threshold, Convention convention, int save) -> (Tensor, Tensor, Tensor, Tensor)",
    recurrent_forward,
    _fake_forward,
)
_backward = Operator(
    "recurrent_lif_backward",
    "(Tensor g_spikes, Tensor g_v, Tensor? x, Tensor spikes, Tensor h, Tensor before, "
    "Tensor weight, Tensor bias, Tensor v, Tensor wait, Tensor decay, Tensor threshold, "
    "Convention convention, bool learns_decay, bool learns_threshold) "
    "-> (Tensor, Tensor, Tensor, Tensor)",
    recurrent_backward,
    _fake_backward,
    of="recurrent_lif",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, *others, convention, save = inputs
    spikes, _, _, h = output
    ctx.save_for_backward(x if save == INPUT else None, spikes, h, *others)
    ctx.convention = convention
    ctx.mark_non_differentiable(h)
    ctx.set_materialize_grads(False)


def _weight_gradient(spikes: Tensor, g: Tensor) -> Tensor:
    """One product over all steps, on the CPU at the cost of the spikes that there are."""
    if spikes.is_cuda:
        return g.T @ spikes
    sparse: Tensor = torch.ops.axonal.spike_linear_weight(spikes, g)
    return sparse


def _gradients(ctx: Any, g_spikes: Tensor | None, g_v: Tensor | None, *_: Any) -> tuple[Any, ...]:
    _, spikes, _, before, weight, _, v, *_ = ctx.saved_tensors
    _, needs_before, needs_weight, needs_bias, _, _, *learns = ctx.needs_input_grad[:8]
    g_spikes = torch.zeros_like(spikes) if g_spikes is None else g_spikes
    g_v = torch.zeros_like(v) if g_v is None else g_v
    g_x, g_v0, g_decay, g_threshold = _backward(
        g_spikes, g_v, *ctx.saved_tensors, ctx.convention, *learns
    )
    g_weight = None
    if needs_weight:
        # step t hears the spikes of step t - 1: [N, (T - 1) B] x [(T - 1) B, N]
        g_weight = _weight_gradient(spikes[:-1].flatten(0, 1), g_x[1:].flatten(0, 1))
        g_weight = torch.addmm(g_weight, g_x[0].T, before)
    return (
        g_x,
        g_x[0] @ weight if needs_before else None,  # [B, N]
        g_weight,
        g_x.sum((0, 1)) if needs_bias else None,
        g_v0,
        None,
        *(g if learnt else None for g, learnt in zip((g_decay, g_threshold), learns, strict=True)),
        None,
        None,
    )


_forward.differentiate(_gradients, _setup)


def recurrent_lif(
    x: Tensor,
    state: LoopState,
    weight: Tensor,
    bias: Tensor | None,
    neuron: Neuron,
    recompute: bool,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run ``x`` [T, B, N]; see :func:`axonal.neuro.ops.recurrent_lif.recurrent_lif`."""
    before, v, wait = state
    decay, threshold, convention = neuron
    waits = x.new_empty(0) if wait is None else wait
    waits = waits.to(x.device, torch.int32)
    bias = x.new_zeros(len(weight)) if bias is None else bias
    save = NOTHING
    given = (x, before, v, weight, bias, decay, threshold)
    if torch.is_grad_enabled() and any(a.requires_grad for a in given):
        again = (
            recompute or convention.refractory or (convention.decay_input and decay.requires_grad)
        )
        save = INPUT if again else POTENTIAL
    number, potential = v.dtype, state_type(x.dtype)
    before, weight, bias = (a.to(x.dtype) for a in (before, weight, bias))
    v, decay, threshold = (a.to(potential) for a in (v, decay, threshold))
    spikes, last, waits, _ = _forward(
        x, before, weight, bias, v, waits, decay, threshold, convention, save
    )
    return spikes, last.to(number), None if wait is None else waits.to(wait.dtype)
