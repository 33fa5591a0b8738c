"""Neurons beside LIF at export: the same spikes, or a refusal by name."""

import pytest
import torch

from axonal import deploy, neuro


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    "neuron",
    [
        neuro.IF(20),
        neuro.IF(20, reset="subtract", refractory=2, learn="threshold"),
        neuro.PLIF(20, 3.0),
        neuro.PLIF(20, torch.linspace(1.5, 9, 20), decay_input=False, learn_threshold=True),
    ],
    ids=["if", "if_subtract", "plif", "plif_learned"],
)
def test_neurons_that_are_lifs_keep_their_spikes(neuron):
    net = neuro.Sequential({"fc": neuro.Linear(12, 20), "neuron": neuron, "out": neuro.IF(20)})
    with torch.no_grad():
        net.fc.weight.mul_(8)
        for parameter in neuron.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    graph = deploy.export(net, dt=1e-3, steps=60, samples=3)
    result = deploy.verify(graph)
    assert result.passed and result.spikes > 100 and result.mismatches == 0, str(result)
    assert graph.population("neuron").kind == "lif"


@pytest.mark.parametrize(
    "neuron",
    [neuro.CuBaLIF(4), neuro.ALIF(4), neuro.GradedLIF(4), neuro.ResonateAndFire(4)],
    ids=lambda neuron: type(neuron).__name__,
)
def test_neurons_without_a_population_are_refused_by_name(neuron):
    deep = neuro.Sequential({"neuron": neuron})
    net = neuro.Sequential({"fc": neuro.Linear(4, 4), "deep": deep, "out": neuro.LIF(4)})
    with pytest.raises(deploy.ExportError) as caught:
        deploy.export(net, dt=1e-3)
    (line,) = str(caught.value).splitlines()[1:]
    assert f"deep.neuron ({type(neuron).__name__}): a neuron without an event-driven" in line
