"""SANA-FE's figure for a graph, beside our own estimate."""

from dataclasses import dataclass, replace

from axonal.deploy.backends import find
from axonal.deploy.chips.loihi2 import UNIT
from axonal.deploy.graph import EventGraph
from axonal.deploy.running.run import run

ACCESS = 51.2e-12
"""Joules of a neuron at rest per step; SANA-FE's loihi.yaml."""


@dataclass(frozen=True)
class SanafeFigure:
    """Estimate of SANA-FE's model of Loihi 1 for the golden inputs.

    Args:
        joules: of all samples, by part: synapse, dendrite, soma, network and total.
        seconds: that the modelled chip takes.
        messages: packets that it sends.
        relays: neurons that stand in for delays, whose energy is part of the figure.
        steps: that it runs.
        spikes: of the lif populations; those of the golden run, unless its arithmetic differs.

    >>> SanafeFigure({"total": 2e-6}, 1e-3, 10, 0, 50, 5).line(samples=2)
    "SANA-FE's estimate, Loihi 1: 1 uJ per sample (5 spikes in all)"
    """

    joules: dict[str, float]
    seconds: float
    messages: int
    relays: int
    steps: int
    spikes: int

    @property
    def without_relays(self) -> float:
        """Joules in all, less what relays cost that only rest: what they send is still in it."""
        return self.joules["total"] - self.relays * self.steps * ACCESS

    def line(self, samples: int) -> str:
        """The figure in one line."""
        parts = [f"{k} {v / samples * 1e6:.3g}" for k, v in self.joules.items() if k != "total"]
        of = f" = {' + '.join(parts)}" if parts else ""
        relays = ""
        if self.relays:
            rest = (self.joules["total"] - self.without_relays) / samples * 1e6
            relays = (
                f"; {self.relays} relay neurons stand in for delays and take at least {rest:.3g} uJ"
            )
        total = self.joules["total"] / samples * 1e6
        return (
            f"SANA-FE's estimate, Loihi 1: {total:.3g} uJ per sample{of} ({self.spikes} spikes in "
            f"all{relays})"
        )


def figure(graph: EventGraph, timeout: float) -> tuple[SanafeFigure | None, str]:
    """SANA-FE's figure for the golden run of a graph, or why there is none."""
    assert graph.golden is not None
    missing = find("sanafe").missing()
    if missing is not None:
        return None, missing
    try:
        result = run(in_floats(graph), graph.golden.inputs, backend="sanafe", timeout=timeout)
    except ValueError as error:
        return None, str(error)
    parts = result.extra["parts"]
    names = dict.fromkeys(name for part in parts for name in part["energy"])
    return (
        SanafeFigure(
            {name: sum(part["energy"][name] for part in parts) for name in names},
            sum(part["simulated_seconds"] for part in parts),
            sum(part["packets"] for part in parts),
            sum(part["relays"] for part in parts),
            result.steps + graph.max_latency,
            sum(len(spikes.t) for spikes in result.spikes.values()),
        ),
        "",
    )


def in_floats(graph: EventGraph) -> EventGraph:
    """A quantised graph in floating point, where it fires at v >= threshold instead of above it."""
    if graph.arithmetic == "float64":
        return graph
    populations = [
        replace(p, threshold=p.threshold + 1 / UNIT) if p.spiking else p for p in graph.populations
    ]
    return replace(graph, arithmetic="float64", populations=tuple(populations), golden=None)
