"""The exact engine in parallel over time beside the one that goes from spike to spike."""

import math
from collections.abc import Callable
from typing import Any

import torch

from axonal.neuro.events import Events
from axonal.neuro.ops.exact_lif import exact_lif, scan
from axonal.neuro.ops.exact_lif._problem import Connections, Neurons, Setting, Spikes
from benchmarks._measure import Table, interleaved
from benchmarks.eventprop import TAU, TAU_SYNAPSE, Net, inputs_of, network

HEADER = ["case", "arrivals per neuron", "spikes, most of a neuron", "rounds", "sequential (ms)",
          "scan (ms)", "its time over the sequential", "agreement"]  # fmt: skip

CASES = {
    "100-1, T 10000": (100, 1, 100_000, 10_000.0, 1, 0.2),
    "100-1, T 10000, sparse": (100, 1, 100_000, 10_000.0, 1, 0.07),
    "100-200, T 500": (100, 200, 493, 500.0, 1, 1.0),
    "700-256, T 1000": (700, 256, 7000, 1000.0, 1, 0.2),
    "700-256, T 1000, silent": (700, 256, 7000, 1000.0, 1, 0.05),
    "100-20, T 500, batch 32": (100, 20, 493, 500.0, 32, 1.0),
}
"""Inputs, neurons, input spikes, duration, samples and the scale of the weights."""


def scanned(net: Net, events: Events) -> tuple[Spikes, int]:
    """Spikes of the scan, and the number of its rounds."""
    none = torch.empty(0, 0, dtype=torch.float64)
    one = torch.ones_like(net.threshold)
    weight, delay = net.weight.detach(), net.delay.detach()
    made, _, _, rounds = scan.run(
        Spikes(events.times, events.indices, events.counts),
        Connections(weight, delay, none, none),
        Neurons(TAU * one, TAU_SYNAPSE * one, net.threshold, 0 * one, 0 * one),
        Setting(events.duration, "", 0.0, 10**7, math.inf),
    )
    return made, rounds


def spikes_of(net: Net, events: Events, backend: str) -> Callable[[], Events]:
    """Forward pass by one engine."""

    @torch.no_grad()
    def run() -> Events:
        out, _ = exact_lif(
            events, net.weight, net.delay, tau=TAU, tau_synapse=TAU_SYNAPSE,
            threshold=net.threshold, limit=10**7, backend=backend,
        )  # fmt: skip
        return out

    return run


def agreement(found: Events, wanted: Events) -> str:
    """Difference of times in words, or an error where spikes are not the same."""
    assert torch.equal(found.indices, wanted.indices)
    apart = (found.times - wanted.times)[wanted.valid].abs()
    return f"{len(apart)} spikes, times within {float(apart.max()) if len(apart) else 0:.0e}"


def line(table: Table, case: str, net: Net, events: Events, repetitions: int) -> None:
    """Compare and time one case."""
    works: dict[str, Callable[[], Any]] = {
        name: spikes_of(net, events, name) for name in ("cpu", "scan")
    }
    agrees = agreement(works["scan"](), works["cpu"]())
    made, rounds = scanned(net, events)
    size = len(net.threshold)
    lanes = torch.arange(len(events.counts)).unsqueeze(1) * size + made.indices
    own = torch.bincount(lanes[made.indices >= 0], minlength=1)
    times = interleaved(works, repetitions)
    sequential, parallel = times["cpu"].best, times["scan"].best
    arrivals = int(events.counts.max())
    table.add(
        [
            case,
            str(arrivals),
            str(int(own.max())),
            str(rounds),
            f"{1e3 * sequential:.1f}",
            f"{1e3 * parallel:.1f}",
            f"{parallel / sequential:.1f}",
            agrees,
        ]
    )
    table.json += [
        {
            "case": case,
            "implementation": "axonal" if name == "cpu" else "axonal scan",
            "median_s": taken.best,
            "ratio": taken.best / sequential,
            "share_of_bandwidth": None,
            "rounds": rounds if name == "scan" else arrivals,
        }
        for name, taken in times.items()
    ]


def run(peers: set[str], *, quick: bool) -> Table:
    """Time all cases, smaller ones if quick."""
    table = Table(HEADER)
    shrink = 8 if quick else 1
    for case, (inputs, size, spikes, duration, batch, gain) in CASES.items():
        net = network(inputs, size, 0, recurrent=False, gain=gain)
        events = inputs_of(inputs, spikes // shrink, duration / shrink, batch)
        line(table, case, net, events, 1 if quick else 3)
    table.remarks.append(
        "Forward passes of layers without feedback, a delay of its own per synapse. The sequential "
        "engine needs every arrival of a neuron after the one before it; the scan needs its rounds "
        f"after each other, each of at most {int(math.log2(scan.WIDEST))} levels and the steps of "
        "Newton for a crossing. On one thread of a CPU this is more work for the same spikes; "
        "nothing was measured on a GPU."
    )
    return table
