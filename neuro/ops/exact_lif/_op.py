"""The exact engine as an operator of torch: what it keeps and differentiates."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops.exact_lif import scan
from axonal.neuro.ops.exact_lif._problem import (
    SCHEMA,
    Connections,
    Kept,
    Neurons,
    Setting,
    Spikes,
)

if HAS_NUMBA:
    from axonal.neuro.ops.exact_lif import cpu

Outputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def exact_forward(
    spikes: Spikes, connections: Connections, neurons: Neurons, setting: Setting
) -> Outputs:
    """Run a batch; return spikes, the readout [B, N] and what is kept."""
    made, kept, readout = cpu.forward(spikes, connections, neurons, setting)
    return *made, readout, *kept


def exact_scan(
    spikes: Spikes, connections: Connections, neurons: Neurons, setting: Setting
) -> Outputs:
    """Run a batch in parallel over time; return what `exact_forward` does."""
    made, kept, readout, _ = scan.run(spikes, connections, neurons, setting)
    return *made, readout, *kept


def _fake_forward(
    spikes: Spikes, connections: Connections, neurons: Neurons, setting: Setting
) -> Outputs:
    batch, size = len(spikes.counts), len(neurons.tau)
    longest: Any = torch.library.get_ctx().new_dynamic_size()
    new = spikes.times.new_empty
    return (
        new(batch, longest),
        spikes.indices.new_empty(batch, longest),
        spikes.counts.new_empty(batch),
        new(batch, size),
        new(batch, longest),
        # whether a neuron is refractory is a value, which is not known here
        new(batch, longest),
        new(2, batch, size if setting.readout == "maximum" else 0),
    )


def exact_backward(
    g_times: Tensor,
    g_readout: Tensor,
    spikes: Spikes,
    made: Spikes,
    kept: Kept,
    connections: Connections,
    neurons: Neurons,
    setting: Setting,
    rates: bool,
) -> list[Tensor]:
    """Return gradients of the inputs' times, of the connections and of the neurons."""
    g_given, of_connections, of_neurons = cpu.backward(
        g_times, g_readout, spikes, made, kept, connections, neurons, setting, rates
    )
    return [g_given, *of_connections, *of_neurons]


def _fake_backward(
    g_times: Tensor,
    g_readout: Tensor,
    spikes: Spikes,
    made: Spikes,
    kept: Kept,
    connections: Connections,
    neurons: Neurons,
    setting: Setting,
    rates: bool,
) -> list[Tensor]:
    return [torch.empty_like(p) for p in (spikes.times, *connections, *neurons)]


_SPIKES = "Tensor times, Tensor indices, Tensor counts"
_MADE = "Tensor made, Tensor neurons, Tensor numbers"
_GIVEN = (
    "Tensor weight, Tensor delay, Tensor feedback_weight, Tensor feedback_delay, Tensor tau, "
    f"Tensor tau_synapse, Tensor threshold, Tensor v_reset, Tensor refractory, {SCHEMA}"
)
_FORWARD = f"({_SPIKES}, {_GIVEN}) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)"
_forward = Operator("exact_lif", _FORWARD, exact_forward, _fake_forward, devices=("cpu",))
_scan = Operator(
    "exact_lif_scan", _FORWARD, exact_scan, _fake_forward, devices=("cpu",), of="exact_lif"
)
_backward = Operator(
    "exact_lif_backward",
    f"(Tensor g_times, Tensor g_readout, {_SPIKES}, {_MADE}, Tensor current, Tensor released, "
    f"Tensor turned, {_GIVEN}, bool rates) -> Tensor[]",
    exact_backward,
    _fake_backward,
    devices=("cpu",),
    of="exact_lif",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Outputs) -> None:
    tensors, ctx.setting = inputs[:12], inputs[12:]
    times, indices, counts, readout, *kept = output
    ctx.save_for_backward(*tensors[:3], times, indices, counts, *kept, *tensors[3:])
    ctx.shape = readout.shape
    ctx.mark_non_differentiable(indices, counts, *kept)
    ctx.set_materialize_grads(False)


def _gradients(
    ctx: Any, g_times: Tensor | None, _i: Any, _c: Any, g_readout: Tensor | None, *_: Any
) -> tuple[Any, ...]:
    made = ctx.saved_tensors[3]
    g_times = torch.zeros_like(made) if g_times is None else g_times
    g_readout = made.new_zeros(ctx.shape) if g_readout is None else g_readout
    needs = ctx.needs_input_grad[:12]
    rates = needs[7] or needs[8]
    grads = _backward(g_times, g_readout, *ctx.saved_tensors, *ctx.setting, rates)
    wanted = [g if need else None for g, need in zip(grads, (needs[0], *needs[3:]), strict=True)]
    return (wanted[0], None, None, *wanted[1:], *[None] * len(ctx.setting))


for _made in (_forward, _scan):
    _made.differentiate(_gradients, _setup)


def exact_lif(
    spikes: Spikes,
    connections: Connections,
    neurons: Neurons,
    setting: Setting,
    parallel: bool = False,
) -> tuple[Spikes, Tensor]:
    """Run a batch in float64; see :func:`axonal.neuro.ops.exact_lif.exact_lif`."""
    forward = _scan if parallel else _forward
    times, indices, counts, readout, *_ = forward(*spikes, *connections, *neurons, *setting)
    return Spikes(times, indices, counts), readout
