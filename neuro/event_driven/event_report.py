"""Causes of exact gradients that go wrong: silence, and spikes that graze the threshold."""

from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.event_driven._engines import time_constant
from axonal.neuro.event_driven._synapses import synapses_of
from axonal.neuro.event_driven.event_lif import EventLIF
from axonal.neuro.event_driven.event_network import EventNetwork
from axonal.neuro.events import Events


class EventReport(NamedTuple):
    """Spikes of one layer over a batch.

    Attributes:
        neurons: of the layer.
        silent: neurons without a spike in any sample, which no exact gradient can wake.
        spikes: mean per neuron and sample.
        smallest_slope: the smallest rise of V at a spike, (I - threshold) / tau_m, in units of the
            threshold per step; gradients grow as its inverse. Infinity without spikes.
    """

    neurons: int
    silent: int
    spikes: float
    smallest_slope: float


@torch.no_grad()
def event_report(net: EventNetwork, events: Events) -> list[EventReport]:
    """Report on the spiking layers of a network in continuous time, in the order they run.

    Args:
        net: run by its engine "exact", whichever is set.
        events: a batch.

    Returns:
        one report per :class:`EventLIF`.

    >>> from axonal import neuro
    >>> neurons = neuro.CuBaLIF(3, tau=4.0, tau_synapse=2.0, decay_input=True)
    >>> net = neuro.Sequential(neuro.Linear(2, 3, bias=False), neurons)
    >>> _ = net[0].weight.data.copy_(torch.tensor([[9.0, 0.0], [0.0, 9.0], [0.0, 0.0]]))
    >>> events = neuro.Events.of([[1.0]], [[0]], size=2, duration=10)
    >>> event_report(neuro.EventNetwork(net), events)[0].silent
    2
    """
    engine, reports, x = net.engine, [], events
    net.engine = "exact"
    try:
        for layer in net.layers:
            y = layer(x)
            if isinstance(layer, EventLIF):
                reports.append(_report(layer, x, y))
            x = y
    finally:
        net.engine = engine
    return reports


def _report(layer: EventLIF, x: Events, y: Events) -> EventReport:
    fired = torch.bincount(y.indices[y.valid], minlength=y.size)
    slopes = [s for b in range(len(y.counts)) if len(s := _slopes(layer, x, y, b))]
    return EventReport(
        y.size,
        int((fired == 0).sum()),
        float(fired.sum()) / y.size / len(y.counts),
        float(torch.cat(slopes).min()) if slopes else torch.inf,
    )


def _slopes(layer: EventLIF, x: Events, y: Events, b: int) -> Tensor:
    """Return V' at every spike of a sample [S], from the currents that arrived before it."""
    neurons, count = layer.neurons, int(y.counts[b])
    times, indices = y.times[b, :count].double(), y.indices[b, :count]
    taus = (time_constant(neurons), time_constant(neurons, "tau_synapse"))
    tau, tau_synapse = (value.expand(y.size)[indices] for value in taus)
    current = torch.zeros_like(times)
    sources = [(synapses_of(layer.synapses), x)]
    if layer.feedback is not None:
        sources.append((synapses_of(layer.feedback, added=1), y))
    for (weight, delay), events in sources:
        k = int(events.counts[b])
        place = indices.unsqueeze(1), events.indices[b, :k].unsqueeze(0)
        since = times.unsqueeze(1) - events.times[b, :k].double() - delay[place]
        arrived = weight[place] * torch.exp(-since / tau_synapse.unsqueeze(1))
        current += torch.where(since >= 0, arrived, 0.0).sum(1)
    threshold = neurons.threshold.expand(y.size)[indices]
    return (current - threshold) / tau / threshold
