"""The LIF recurrence as an operator of torch: what it allocates, keeps and differentiates.

The loops of `cpu` and the kernels of `cuda` only fill what is allocated here.
"""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._buffer_pool import LARGE, empty
from axonal.neuro.ops._cuda import on_gpu
from axonal.neuro.ops._dispatch import HAS_NUMBA, unobserved
from axonal.neuro.ops._gradients import Gradients, Learns
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape, state_type
from axonal.neuro.ops.lif import cuda
from axonal.neuro.ops.lif._kept import CHECKPOINTS, NOTHING, POTENTIAL, Kept, room

if HAS_NUMBA:
    from axonal.neuro.ops.lif import cpu


def lif_forward(
    x: Tensor, v: Tensor, wait: Tensor | None, neuron: Neuron
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run forward over x [T, B, ...] and keep nothing; return spikes, v and wait."""
    if v.shape != x.shape[1:]:
        same_shape("lif", "v", v, x.shape[1:])
    v = v.clone(memory_format=torch.contiguous_format)
    if wait is not None:
        same_shape("lif", "wait", wait, v.shape)
        wait = wait.to(torch.int32).clone(memory_format=torch.contiguous_format)
    spikes = torch.empty_like(x) if x.is_contiguous() and x.nbytes < LARGE else empty(x.shape, x)
    cpu.forward(x, neuron, State(v, v if wait is None else wait), spikes, None, NOTHING)
    return spikes, v, wait


def lif_saving(
    x: Tensor, state: State, neuron: Neuron, save: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Run forward over x [T, B, ...]; return spikes, v, wait and what `room` allocates."""
    same_shape("lif", "v", state.v, x.shape[1:])
    if neuron.convention.refractory:
        same_shape("lif", "wait", state.wait, state.v.shape)
    gpu, whole = on_gpu(x), torch.contiguous_format
    spikes, kept = empty(x.shape, x), room(x, state, save, on_gpu=gpu, empty=empty)
    state = State(state.v.clone(memory_format=whole), state.wait.clone(memory_format=whole))
    fill = cuda.forward if gpu else cpu.forward
    fill(x, neuron, state, spikes, kept, save)
    return spikes, *state, *kept


def _fake_forward(x: Tensor, state: State, neuron: Neuron, save: int) -> tuple[Tensor, ...]:
    spikes = torch.empty_like(x, memory_format=torch.contiguous_format)
    v, wait = torch.empty_like(state.v), torch.empty_like(state.wait)
    return spikes, v, wait, *room(x, state, save, on_gpu=x.is_cuda)


def lif_backward(
    g: Tensor, g_v: Tensor, x: Tensor | None, kept: Kept, neuron: Neuron, save: int, learns: Learns
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run backward from spikes' g [T, B, ...]; return gradients of x, v, decay and threshold."""
    gradients = Gradients.room(g, g_v, learns, g_v.shape)
    fill = cuda.backward if on_gpu(g) else cpu.backward
    fill(g, x, kept, neuron, save, gradients)
    return gradients.summed(neuron)


def _fake_backward(
    g: Tensor, g_v: Tensor, x: Tensor | None, kept: Kept, neuron: Neuron, save: int, learns: Learns
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return Gradients.fake(g, g_v, neuron, learns)


_forward = Operator(
    "lif",
    "(Tensor x, Tensor v, Tensor wait, Tensor decay, Tensor threshold, Convention convention, "
    "int save) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    lif_saving,
    _fake_forward,
)
_backward = Operator(
    "lif_backward",
    "(Tensor g_spikes, Tensor g_v, Tensor? x, Tensor saved, Tensor waits, Tensor decay, "
    "Tensor threshold, Convention convention, int save, bool learns_decay, bool learns_threshold) "
    "-> (Tensor, Tensor, Tensor, Tensor)",
    lif_backward,
    _fake_backward,
    of="lif",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, _, _, decay, threshold, convention, save = inputs
    _, _, _, saved, waits = output
    ctx.save_for_backward(x if save == CHECKPOINTS else None, saved, waits, decay, threshold)
    ctx.settings, ctx.shape, ctx.dtype = (convention, save), x.shape, x.dtype
    ctx.mark_non_differentiable(saved, waits)
    ctx.set_materialize_grads(False)


def _gradients(ctx: Any, g_spikes: Tensor | None, g_v: Tensor | None, *_: Any) -> tuple[Any, ...]:
    x, saved, waits, decay, threshold = ctx.saved_tensors
    if ctx.settings[1] == NOTHING:
        raise ValueError(
            "this program of lif was exported to run, without what a backward pass needs: train "
            "the network it was made of, or export it with a fixed number of steps."
        )
    if g_spikes is None:
        g_spikes = saved.new_zeros(ctx.shape, dtype=ctx.dtype)
    if g_v is None:
        g_v = saved.new_zeros(ctx.shape[1:])
    learns = Learns(*ctx.needs_input_grad[3:5])
    g_x, g_v0, g_decay, g_threshold = _backward(
        g_spikes, g_v, x, saved, waits, decay, threshold, *ctx.settings, *learns
    )
    g_decay = g_decay if learns.decay else None
    return g_x, g_v0, None, g_decay, g_threshold if learns.threshold else None, None, None


_forward.differentiate(_gradients, _setup)


def lif(
    x: Tensor, v: Tensor, wait: Tensor | None, neuron: Neuron, recompute: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run the recurrence over ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.lif.lif`."""
    decay, threshold, convention = neuron
    save = NOTHING
    if torch.is_grad_enabled() and (
        x.requires_grad or v.requires_grad or decay.requires_grad or threshold.requires_grad
    ):
        again = x.is_cuda or recompute or convention.refractory or decay.requires_grad
        save = CHECKPOINTS if again else POTENTIAL
        if torch.compiler.is_exporting() and isinstance(x.shape[0], torch.SymInt):
            # the number of checkpoints would fix that of steps
            save = NOTHING
    elif x.is_cpu and unobserved(x, v, decay, threshold):
        return lif_forward(x, v, wait, neuron)
    waits = x.new_empty(0) if wait is None else wait
    waits = waits.to(x.device, torch.int32)
    number, potential = v.dtype, state_type(x.dtype)
    v, decay, threshold = v.to(potential), decay.to(potential), threshold.to(potential)
    spikes, last, waits, _, _ = _forward(x, v, waits, decay, threshold, convention, save)
    return spikes, last.to(number), None if wait is None else waits.to(wait.dtype)
