"""Arrivals of all neurons of a batch, in order of time, and the current after each."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.ops.exact_lif._linear_scan import linear_scan
from axonal.neuro.ops.exact_lif._problem import Connections, Neurons, Spikes
from axonal.neuro.ops.exact_lif._rates import Rates


class Lanes(NamedTuple):
    """Neurons of all samples that run side by side, a lane [L] each, with their K arrivals.

    Attributes:
        times: of the arrivals in order; the end of the sample behind them, once at least [L, K].
        weights: what they add to I, 0 behind them [L, K].
        currents: I after each of them [L, K].
        rates: each [L].
        neurons: parameters, each [L].
    """

    times: Tensor
    weights: Tensor
    currents: Tensor
    rates: Rates
    neurons: Neurons

    @classmethod
    def of(
        cls, spikes: Spikes, connections: Connections, neurons: Neurons, duration: float
    ) -> "Lanes":
        """Sort the arrivals of every neuron of every sample by time, and scan their current."""
        source = spikes.indices.clamp(min=0)
        weight = connections.weight[:, source].movedim(0, 1)
        times = spikes.times.unsqueeze(1) + connections.delay[:, source].movedim(0, 1)
        behind = torch.arange(times.shape[2], device=times.device) >= spikes.counts.view(-1, 1, 1)
        times = times.masked_fill((times > duration) | (weight == 0) | behind, math.inf)
        times, order = times.flatten(0, 1).sort(stable=True)
        weight = weight.flatten(0, 1).gather(1, order)
        most = int(times.isfinite().sum(1).max()) if times.numel() else 0
        # one place behind the last arrival stands for the end of the sample
        times = torch.nn.functional.pad(times[:, :most], (0, 1), value=math.inf)
        weight = torch.nn.functional.pad(weight[:, :most], (0, 1)).masked_fill(times == math.inf, 0)
        own = Neurons(*(p.repeat(len(spikes.counts)) for p in neurons))
        rates = Rates.of(own.tau, own.tau_synapse)
        within = times.clamp(max=duration)
        gaps = torch.diff(within, dim=1, prepend=torch.zeros_like(within[:, :1]))
        currents = linear_scan(torch.exp(-rates.c.unsqueeze(1) * gaps), weight)
        return cls(within, weight, currents, rates, own)
