"""Event-driven neurons as operators of torch: what they check, keep and differentiate."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._cuda import on_gpu
from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops.eventprop_lif import cuda
from axonal.neuro.ops.eventprop_lif._arguments import fits
from axonal.neuro.ops.eventprop_lif._tensors import (
    Decays,
    Fired,
    Firing,
    Needs,
    Synapses,
    Trains,
)

if HAS_NUMBA:
    from axonal.neuro.ops.eventprop_lif import cpu


def fire(
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    limit: int,
) -> tuple[Tensor, ...]:
    """Run forward over events; return the spikes and the currents at them, as `Fired`."""
    parts = fits("eventprop_lif", *trains, *synapses, *decays, *firing, *feedback)
    run = cuda.forward if on_gpu(trains.times) else cpu.forward
    return tuple(run(*parts, steps, limit))


def _fake_fire(
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    limit: int,
) -> tuple[Tensor, ...]:
    longest = torch.library.get_ctx().new_dynamic_size()
    counts = torch.empty_like(trains.counts)
    shape = len(trains.counts), longest
    times, current, released = (synapses.weight.new_empty(shape) for _ in range(3))
    return times, trains.indices.new_empty(shape), counts, current, released


def fire_backward(
    g: Tensor,
    fired: Fired,
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    needs: Needs,
) -> tuple[Tensor, ...]:
    """Run back from the gradients g [B, S] of the times of spikes; see `reference.backward`."""
    parts = fits("eventprop_lif", *trains, *synapses, *decays, *firing, *feedback)
    run = cuda.backward if on_gpu(g) else cpu.backward
    return run(g, fired, *parts, steps, needs)


def _fake_fire_backward(
    g: Tensor,
    fired: Fired,
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    needs: Needs,
) -> tuple[Tensor, ...]:
    given = trains.times, *synapses, *decays, *firing, *feedback
    return tuple(torch.empty_like(a, memory_format=torch.contiguous_format) for a in given)


def integrate(trains: Trains, synapses: Synapses, decays: Decays, steps: int) -> Tensor:
    """Run units that never fire forward over events; return their potentials [T, B, N]."""
    parts = fits("eventprop_readout", *trains, *synapses, *decays)
    run = cuda.readout_forward if on_gpu(trains.times) else cpu.readout_forward
    return run(*parts[:3], steps)


def _fake_integrate(trains: Trains, synapses: Synapses, decays: Decays, steps: int) -> Tensor:
    return synapses.weight.new_empty(steps, len(trains.counts), len(synapses.weight))


def integrate_backward(
    g: Tensor, trains: Trains, synapses: Synapses, decays: Decays, needs: Needs
) -> tuple[Tensor, ...]:
    """Run back from the gradients g [T, B, N] of potentials; see `reference.readout_backward`."""
    parts = fits("eventprop_readout", *trains, *synapses, *decays)
    run = cuda.readout_backward if on_gpu(g) else cpu.readout_backward
    return run(g, *parts[:3], needs)


def _fake_integrate_backward(
    g: Tensor, trains: Trains, synapses: Synapses, decays: Decays, needs: Needs
) -> tuple[Tensor, ...]:
    given = trains.times, *synapses, *decays
    return tuple(torch.empty_like(a, memory_format=torch.contiguous_format) for a in given)


_TRAINS = "Tensor times, Tensor indices, Tensor counts"
_CONNECTED = "Tensor weight, Tensor delay, Tensor decay, Tensor decay_synapse"
_NEURONS = (
    f"{_CONNECTED}, Tensor threshold, Tensor refractory, Tensor weight_back, Tensor delay_back"
)
_NEEDS = "bool needs_times, bool needs_synapses, bool needs_decays"
_FIVE = ", ".join(["Tensor"] * 5)

_forward = Operator(
    "eventprop_lif",
    f"({_TRAINS}, {_NEURONS}, int steps, int limit) -> ({_FIVE})",
    fire,
    _fake_fire,
)
_backward = Operator(
    "eventprop_lif_backward",
    "(Tensor g, Tensor fired_times, Tensor fired_indices, Tensor fired_counts, Tensor current, "
    f"Tensor released, {_TRAINS}, {_NEURONS}, int steps, {_NEEDS}) "
    f"-> ({_FIVE}, Tensor, Tensor, Tensor, Tensor)",
    fire_backward,
    _fake_fire_backward,
    of="eventprop_lif",
)
_readout = Operator(
    "eventprop_readout",
    f"({_TRAINS}, {_CONNECTED}, int steps) -> Tensor",
    integrate,
    _fake_integrate,
)
_readout_backward = Operator(
    "eventprop_readout_backward",
    f"(Tensor g, {_TRAINS}, {_CONNECTED}, {_NEEDS}) -> ({_FIVE})",
    integrate_backward,
    _fake_integrate_backward,
    of="eventprop_readout",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, ctx.steps, _ = inputs
    ctx.save_for_backward(*tensors, *output)
    ctx.mark_non_differentiable(*output[1:])
    ctx.set_materialize_grads(False)


def _wanted(ctx: Any) -> Needs:
    """Say which gradients are wanted, given the first seven arguments."""
    times, _, _, *others = ctx.needs_input_grad
    feedback = others[6:8] if len(others) > 6 else ()
    return Needs(times, any((*others[:2], *feedback)), any(others[2:4]))


def _gradients(ctx: Any, g: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
    tensors, fired = ctx.saved_tensors[:11], ctx.saved_tensors[11:]
    if g is None:
        g = torch.zeros_like(fired[0])
    # beyond the spikes of a sample a loss may give what it likes
    grads = _backward(g, *fired, *tensors, ctx.steps, *_wanted(ctx))
    return _asked(ctx, (grads[0], None, None, *grads[1:], None, None))


def _asked(ctx: Any, grads: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    pairs = zip(grads, ctx.needs_input_grad, strict=True)
    return tuple(g if wanted else None for g, wanted in pairs)


_forward.differentiate(_gradients, _setup)


def _setup_readout(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:7])


def _gradients_readout(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    grads = _readout_backward(g, *ctx.saved_tensors, *_wanted(ctx))
    return _asked(ctx, (grads[0], None, None, *grads[1:], None))


_readout.differentiate(_gradients_readout, _setup_readout)


def eventprop_lif(
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    limit: int,
) -> Trains:
    """Run the neurons; see :func:`axonal.neuro.ops.eventprop_lif.eventprop_lif`."""
    times, indices, counts, _, _ = _forward(
        *trains, *synapses, *decays, *firing, *feedback, steps, limit
    )
    return Trains(times, indices, counts)


def eventprop_readout(trains: Trains, synapses: Synapses, decays: Decays, steps: int) -> Tensor:
    """Run the units; see :func:`axonal.neuro.ops.eventprop_lif.eventprop_readout`."""
    potentials: Tensor = _readout(*trains, *synapses, *decays, steps)
    return potentials
