"""Neurons beside LIF at export: the same spikes, or a refusal by name."""

import copy
from dataclasses import replace

import numpy as np
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


def driven(neuron):
    """Neurons between connections, stirred until they fire."""
    net = neuro.Sequential({"fc": neuro.Linear(12, 20), "neuron": neuron, "out": neuro.IF(20)})
    with torch.no_grad():
        net.fc.weight.mul_(8)
        for parameter in neuron.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return net


CUBAS = {
    "plain": neuro.CuBaLIF(20, 4.0, 2.0),
    "learned": neuro.CuBaLIF(20, 4.0, 2.0, learn=("tau", "tau_synapse", "threshold")),
    "held": neuro.CuBaLIF(20, 4.0, 9.0, decay="euler", reset="subtract", refractory=3),
    "scaled": neuro.CuBaLIF(20, torch.linspace(2, 9, 20), 3.0, decay_input=True),
    "late": neuro.CuBaLIF(20, 4.0, 3.0, reset="delayed", decay_input=True),
}


@pytest.mark.parametrize("name", CUBAS)
def test_a_current_that_decays_is_part_of_the_graph(name):
    graph = deploy.export(driven(CUBAS[name]), dt=1e-3, steps=80, samples=3)
    assert graph.population("neuron").kind == "cuba"
    assert graph.golden.spikes["neuron"].sum() > 100
    for hop in (0, 1, 3):
        result = deploy.verify(deploy.retime(graph, hop))
        assert result.passed and result.mismatches == 0, str(result)


def test_the_current_and_the_membrane_of_a_cuba_are_those_of_the_layer_to_the_bit():
    neuron = neuro.CuBaLIF(20, 4.0, 9.0, reset="subtract", refractory=3)
    net = driven(neuron)
    x = (torch.rand(50, 2, 12) < 0.3).double()
    graph = deploy.export(net, dt=1e-3, inputs=x)
    # what the graph's synapses bring, without a rounding
    wire = next(q for q in graph.projections if q.target == "neuron")
    weight = torch.zeros(20, 12, dtype=torch.float64)
    weight[wire.post.tolist(), wire.pre.tolist()] = torch.from_numpy(wire.weight.copy())
    bias = torch.from_numpy(graph.population("neuron").bias.copy())
    with torch.no_grad():
        spikes, state = copy.deepcopy(neuron).double()(x @ weight.T + bias)
    found = deploy.run(graph, x.numpy())
    own = slice(0, 20)
    assert (found.raster("neuron") == (spikes.numpy() > 0)).all()
    assert (found.state.trace[:, own] == state.i.numpy()).all()
    assert (found.state.v[:, own] == state.v.numpy()).all()


def test_a_current_does_not_take_up_a_bias_before_its_population_begins():
    net = neuro.Sequential(
        {
            "a": neuro.Linear(3, 5), "lif": neuro.LIF(5, 3.0),
            "b": neuro.Linear(5, 20, bias=True), "neuron": neuro.CuBaLIF(20, 5.0, 8.0),
        }
    )  # fmt: skip
    with torch.no_grad():
        net.a.weight.mul_(4)
        net.b.bias.uniform_(0.05, 0.3)
    graph = deploy.export(net, dt=1e-3, steps=60)
    late = deploy.retime(graph)
    assert late.population("neuron").latency == 2
    assert deploy.verify(late).passed
    early = [
        replace(q, delay=np.full(q.size, 1)) if q.source == "always_on" else q
        for q in late.projections
    ]
    wrong = deploy.verify(replace(late, projections=tuple(early)))
    assert wrong.mismatches > 0


def test_a_delayed_reset_of_a_current_based_neuron_meets_its_threshold_exactly():
    neuron = neuro.CuBaLIF(2, 2.0, 2.0, decay="euler", threshold=[1.0, 1.0000001], reset="delayed")
    x = torch.tensor([1.0, 0, 0, 0, 1.0, 1.0, 1.0]).reshape(-1, 1, 1).expand(-1, 1, 2)
    graph = deploy.export(neuro.Sequential({"n": neuron}), dt=1e-3, inputs=x)
    assert deploy.verify(graph).passed
    assert graph.golden.spikes["n"][0, 0].tolist() == [True, False]
    always = [q for q in graph.projections if q.source == "always_on"]
    assert sorted(np.unique(q.delay).tolist() for q in always) == [[1, 2]]


@pytest.mark.parametrize("backend", ["brian2", "brian2_cython"])
def test_brian_fires_the_spikes_of_a_current_based_neuron(backend):
    for name in ("learned", "held"):
        graph = deploy.export(driven(CUBAS[name]), dt=1e-3, steps=60, samples=2)
        result = deploy.verify(graph, [backend])
        assert result.passed and result.spikes > 100, str(result)


def test_a_current_without_a_reset_is_refused():
    net = neuro.Sequential({"n": neuro.CuBaLIF(2, reset="none")})
    with pytest.raises(
        deploy.ExportError, match=r'n \(CuBaLIF\): reset="none" has no event-driven'
    ):
        deploy.export(net, dt=1e-3)


def test_chips_and_back_ends_without_the_kind_refuse_it_by_name():
    graph = deploy.export(driven(neuro.CuBaLIF(20, 4.0, 2.0)), dt=1e-3, steps=30)
    for name in ("nest", "sanafe", "lava"):
        result = deploy.verify(graph, [name])
        assert not result.passed
        assert "population 'neuron' is of kind cuba; it has lif only" in result.failures[0]
    with pytest.raises(deploy.QuantizeError, match="'neuron' is of kind cuba; the chip has lif"):
        deploy.quantize(graph, "spinnaker")
    with pytest.raises(deploy.PlacementError, match="'neuron' is of kind cuba; what a core holds"):
        deploy.place(graph, "spinnaker")
    with pytest.raises(deploy.GraphError, match="'neuron' is of kind cuba; the chip has lif"):
        replace(deploy.retime(graph), arithmetic="spinnaker")


@pytest.mark.parametrize(
    "neuron",
    [neuro.ALIF(4), neuro.GradedLIF(4), neuro.ResonateAndFire(4)],
    ids=lambda neuron: type(neuron).__name__,
)
def test_neurons_without_a_population_are_refused_by_name(neuron):
    deep = neuro.Sequential({"neuron": neuron})
    net = neuro.Sequential({"fc": neuro.Linear(4, 4), "deep": deep, "out": neuro.LIF(4)})
    with pytest.raises(deploy.ExportError) as caught:
        deploy.export(net, dt=1e-3)
    (line,) = str(caught.value).splitlines()[1:]
    assert f"deep.neuron ({type(neuron).__name__}): a neuron without an event-driven" in line
