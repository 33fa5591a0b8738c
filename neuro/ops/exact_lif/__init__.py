"""LIF neurons in continuous time, with a delay per synapse and exact gradients of spike times."""

import math

import torch
from torch import Tensor

from axonal.neuro.events import Events
from axonal.neuro.ops import _dispatch, _tangents
from axonal.neuro.ops._event_arguments import row_of
from axonal.neuro.ops.exact_lif import _checks, _op, reference
from axonal.neuro.ops.exact_lif._problem import Connections, Neurons, Setting, Spikes

VOLTAGES = {"mean": "integral", "sum-exp": "integral", "max": "maximum", "end": "end"}
"""Readouts of the voltage, by what they are made of."""


def exact_lif(
    events: Events,
    weight: Tensor,
    delay: Tensor,
    *,
    tau: Tensor | float,
    tau_synapse: Tensor | float,
    threshold: Tensor | float,
    v_reset: Tensor | float = 0.0,
    refractory: Tensor | float = 0.0,
    feedback_weight: Tensor | None = None,
    feedback_delay: Tensor | None = None,
    voltage: str | None = None,
    rate: float | None = None,
    limit: int = 100_000,
    clip: float = math.inf,
    backend: str = "auto",
) -> tuple[Events, Tensor | None]:
    """Run leaky integrate-and-fire neurons exactly, from spike to spike, without a time step.

    Between events, for every neuron,

        tau V' = -V + I,  tau_synapse I' = -I,  V(0) = I(0) = 0

    A spike at t arrives at ``t + delay`` and adds its weight to I. Where V meets the threshold from
    below the neuron fires; V is then ``v_reset`` for ``refractory`` steps, while I goes on. Events
    after ``events.duration`` are left out.

    Gradients are exact: of spike times by the implicit function of the crossing, ``dt = -dV / V'``
    (EventProp: Wunderlich and Pehle, Scientific Reports 11, 2021; with delays Meszaros et al.,
    arXiv:2501.07331). They reach the times of ``events``, so that layers stack, and every
    parameter. The number of spikes has no gradient. All numbers are float64 inside.

    Args:
        events: spikes of I inputs; times in steps.
        weight: [N, I], what a spike adds to the current of a neuron. A weight of 0 is heard by
            nobody and still has its gradient.
        delay: [N, I] in steps, >= 0.
        tau: time constant of the membrane in steps, > 0, a scalar or [N].
        tau_synapse: time constant of the synaptic current in steps, > 0, a scalar or [N].
        threshold: > 0 and > v_reset, a scalar or [N]; infinity for a neuron that never fires.
        v_reset: potential after a spike, a scalar or [N].
        refractory: steps at ``v_reset``, >= 0, a scalar or [N].
        feedback_weight: [N, N], the row of a neuron its inputs; ``None`` without feedback.
        feedback_delay: [N, N] in steps, > 0 where there is a weight.
        voltage: what is read of V: ``"mean"``, its mean over time; ``"sum-exp"``, the mean of
            ``e^{-rate t} V``; ``"max"``, its maximum, 0 at the start included; ``"end"``, V at the
            end; or ``None``. Neurons that fire can be read as well.
        rate: per step, >= 0, of "sum-exp"; ``1 / duration`` by default.
        limit: most spikes per sample, over all neurons.
        clip: largest norm of the gradient of weight and feedback_weight that one sample may have,
            > 0: all gradients of a sample beyond it are shrunk together, before samples are added.
            A spike that grazes the threshold has no bound otherwise. Compiled only.
        backend: ``"auto"``, ``"reference"`` (the definition, in plain torch, for a few neurons),
            ``"cpu"`` (compiled) or ``"scan"`` (in parallel over time as well, by associative scans
            over the arrivals of every neuron; without feedback; the same spikes and gradients, for
            many arrivals per spike).

    Returns:
        the spikes of the neurons, and what is read of V [B, N], or ``None``.

    Raises:
        ValueError: for shapes that do not fit, numbers outside these ranges, times that are not in
            order, and for more than ``limit`` spikes in a sample.

    >>> events = Events.of([[1.0]], [[0]], size=1, duration=50, dtype=torch.float64)
    >>> weight = torch.tensor([[6.0]], dtype=torch.float64, requires_grad=True)
    >>> delay = torch.tensor([[2.0]], dtype=torch.float64, requires_grad=True)
    >>> spikes, _ = exact_lif(events, weight, delay, tau=20, tau_synapse=10, threshold=1)
    >>> spikes.times.detach().round(decimals=4)
    tensor([[7.7480]], dtype=torch.float64)
    >>> spikes.times.sum().backward()  # a step later for every step of delay
    >>> delay.grad.round(decimals=4)
    tensor([[1.]], dtype=torch.float64)
    """
    _tangents.refuse_vmap("exact_lif", weight, delay)
    size = _checks.connections(events, weight, delay, feedback_weight, feedback_delay)
    parameters = {
        "tau": tau,
        "tau_synapse": tau_synapse,
        "threshold": threshold,
        "v_reset": v_reset,
        "refractory": refractory,
    }
    rows = {name: row_of("exact_lif", name, value, size) for name, value in parameters.items()}
    _checks.values(weight, delay, feedback_weight, feedback_delay, rows)
    setting = _setting(events, voltage, rate, limit, clip)
    none = torch.empty(0, 0, dtype=torch.float64)
    connected = (
        weight,
        delay,
        none if feedback_weight is None else feedback_weight,
        none if feedback_delay is None else feedback_delay,
    )
    connections = Connections(*(p.to(torch.float64) for p in connected))
    spikes = Spikes(events.times.to(torch.float64), events.indices, events.counts)
    tensors = (spikes.times, *connections, *rows.values())
    parallel = backend == "scan"
    if parallel and feedback_weight is not None:
        raise ValueError(
            'exact_lif with backend="scan" runs layers without feedback, whose arrivals are known '
            'at the start: use backend="auto".'
        )
    compiled = _dispatch.use_compiled("exact_lif", "cpu" if parallel else backend, *tensors)
    if clip < math.inf and not compiled:
        raise ValueError('exact_lif clips samples in compiled code only: use backend="cpu".')
    given = spikes, connections, Neurons(**rows), setting
    made, readout = _op.exact_lif(*given, parallel) if compiled else reference.exact_lif(*given)
    out = Events(made.times.to(events.times.dtype), *made[1:], size, events.duration)
    if voltage is None:
        return out, None
    if setting.readout == "integral":
        readout = readout / events.duration
    return out, readout.to(weight.dtype)


def _setting(
    events: Events, voltage: str | None, rate: float | None, limit: int, clip: float
) -> Setting:
    _checks.choice(voltage, tuple(VOLTAGES), rate, limit)
    if not clip > 0:
        raise ValueError(f"exact_lif expects clip > 0, got {clip!r}.")
    if voltage == "sum-exp":
        rate = 1 / events.duration if rate is None else rate
    readout = "" if voltage is None else VOLTAGES[voltage]
    return Setting(events.duration, readout, float(rate or 0.0), limit, float(clip))
