"""Leaky integrators that feed onward: a current before a readout, or numbers that travel."""

import pytest
import torch
from helpers import needs
from torch import nn

from axonal import neuro
from axonal.deploy import EventGraph, export, verify


def readout(*, tail=()):
    """Neurons, and integrators of a current as Norse reads out."""
    torch.manual_seed(0)
    return neuro.Sequential(
        neuro.Linear(8, 12), neuro.LIF(12, threshold=0.3), neuro.Linear(12, 3, bias=False),
        neuro.LeakyIntegrator(3, tau=5.0, decay="euler"),
        neuro.LeakyIntegrator(3, tau=10.0, decay="euler", decay_input=True), *tail,
    )  # fmt: skip


def test_a_readout_behind_a_current_is_one_population(tmp_path):
    graph = export(readout(), dt=1e-3, readout="max")
    assert [(p.name, p.kind) for p in graph.populations][1:] == [
        ("1", "lif"), ("4", "current_integrator")
    ]  # fmt: skip
    assert graph.outputs == ("4",) and graph.golden.readout["4"].any()
    graph.save(tmp_path / "graph.h5")
    result = verify(EventGraph.load(tmp_path / "graph.h5"))
    assert result.passed and result.mismatches == 0


@pytest.mark.parametrize("name", ["brian2", "nest"])
def test_simulators_read_the_same_membranes_behind_a_current(name):
    needs.require(name)
    assert verify(export(readout(), dt=1e-3), [name]).passed


def test_a_back_end_without_currents_refuses_the_readout_by_name():
    needs.require("lava")
    result = verify(export(readout(), dt=1e-3), ["lava"])
    assert not result.passed
    assert "population '4' is of kind current_integrator; it reads membranes of" in str(result)


def test_numbers_of_integrators_travel_where_neurons_hear_them():
    tail = (neuro.Linear(3, 4), neuro.LIF(4, threshold=0.05))
    graph = export(readout(tail=tail), dt=1e-3)
    kinds = {p.name: p.kind for p in graph.populations}
    assert kinds == {"x": "input", "1": "lif", "4": "linear", "3": "linear", "6": "lif"}
    assert verify(graph).passed and graph.golden.spikes["6"].sum() > 20


class Shared(nn.Module):
    """A current that two readouts hear, or that is itself read."""

    def __init__(self, read_both):
        super().__init__()
        self.fc, self.current = neuro.Linear(6, 3), neuro.LeakyIntegrator(3, tau=4.0)
        self.v, self.w = neuro.LeakyIntegrator(3, tau=9.0), neuro.LeakyIntegrator(3, tau=7.0)
        self.read_both = read_both

    def forward(self, x):
        i = self.current(self.fc(x))
        return (i, self.v(i)) if self.read_both else self.v(i) + self.w(i)


@pytest.mark.parametrize("read_both", [False, True])
def test_a_current_with_several_readers_stays_a_population(read_both):
    graph = export(neuro.Network(Shared(read_both)), dt=1e-3)
    assert graph.population("current").kind == "linear"
    assert verify(graph).passed
