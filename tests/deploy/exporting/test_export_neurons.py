"""Neurons beside LIF at export: the same spikes, or a refusal by name."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.layers import NEURONS

from axonal import deploy, neuro


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


CASES = [(neuron.kind, name) for name, neuron in NEURONS.items() if neuron.kind is not None]
# the potential of a neuron that resets late is raised in the graph
STATES = {"cuba": "i", "alif": "a", "lsnn": "i", "resonator": "u"}
EXACT = [c for c in CASES if c[0] in STATES and c[1] != "cuba_late"]


def driven(*neurons):
    """Neurons between connections, stirred until they fire."""
    parts, n = {}, 12
    for k, neuron in enumerate(neurons):
        parts |= {f"fc{k}": neuro.Linear(n, 20), f"neuron{k}": neuron}
        n = 20
    net = neuro.Sequential({**parts, "out": neuro.IF(20)})
    with torch.no_grad():
        for k, neuron in enumerate(neurons):
            parts[f"fc{k}"].weight.mul_(8)
            for parameter in neuron.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    return net


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_neurons_keep_their_spikes_as_a_population(kind, name):
    graph = deploy.export(driven(NEURONS[name].make(20)), dt=1e-3, steps=80, samples=3)
    assert graph.population("neuron0").kind == kind
    assert graph.golden.spikes["neuron0"].sum() > 100
    for hop in (0, 1, 3):
        result = deploy.verify(deploy.retime(graph, hop))
        assert result.passed and result.mismatches == 0, str(result)


@pytest.mark.parametrize(("kind", "name"), EXACT)
def test_all_variables_of_a_neuron_are_those_of_its_layer_to_the_bit(kind, name):
    neuron = NEURONS[name].make(20)
    net = driven(neuron)
    x = (torch.rand(50, 2, 12) < 0.3).double()
    graph = deploy.export(net, dt=1e-3, inputs=x)
    # what the graph's synapses bring, without a rounding
    wire = next(q for q in graph.projections if q.target == "neuron0")
    weight = torch.zeros(20, 12, dtype=torch.float64)
    weight[wire.post.tolist(), wire.pre.tolist()] = torch.from_numpy(wire.weight.copy())
    bias = torch.from_numpy(graph.population("neuron0").bias.copy())
    with torch.no_grad():
        spikes, state = copy.deepcopy(neuron).double()(x @ weight.T + bias)
    found = deploy.run(graph, x.numpy())
    own = slice(0, 20)
    assert (found.raster("neuron0") == (spikes.numpy() > 0)).all()
    assert (found.state.trace[:, own] == getattr(state, STATES[kind]).numpy()).all()
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


FIRST = ("cuba", "alif", "resonator", "klif", "lsnn", "adex")
OTHERS = ("cuba_held", "alif_held", "resonator_each", "klif_back", "lsnn_held", "adex_each")


# The compiled target makes its code of the same lines, some seconds for each of its functions: one
# kind is compiled.
@pytest.mark.parametrize(
    ("backend", "names"),
    [("brian2", FIRST), ("brian2", OTHERS), ("brian2_cython", FIRST[1:2])],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_brian_fires_the_spikes_of_every_kind(backend, names):
    neurons = [NEURONS[name].make(20) for name in names]
    graph = deploy.export(driven(*neurons), dt=1e-3, steps=60, samples=2)
    assert all(raster.sum() > 50 for raster in graph.golden.spikes.values())
    result = deploy.verify(graph, [backend])
    assert result.passed and result.mismatches == 0, str(result)


def test_a_current_without_a_reset_is_refused():
    net = neuro.Sequential({"n": neuro.CuBaLIF(2, reset="none")})
    with pytest.raises(
        deploy.ExportError, match=r'n \(CuBaLIF\): reset="none" has no event-driven'
    ):
        deploy.export(net, dt=1e-3)


@pytest.mark.parametrize("kind", [*STATES, "klif", "adex", "graded"])
def test_chips_and_back_ends_without_a_kind_refuse_it_by_name(kind):
    graph = deploy.export(driven(NEURONS[kind].make(20)), dt=1e-3, steps=30)
    who = f"population 'neuron0' is of kind {kind}"
    also = {"cuba": (), "graded": ("nest", "lava", "brian2")}.get(kind, ("nest", "lava"))
    has = {"nest": "lif and cuba"}
    for name in ("sanafe", *also):
        result = deploy.verify(graph, [name])
        assert not result.passed
        assert f"{who}; it has {has.get(name, 'lif')}" in result.failures[0]
    with pytest.raises(deploy.QuantizeError, match=f"{who}; the chip has lif, integrator only"):
        deploy.quantize(graph, "spinnaker")
    with pytest.raises(deploy.PlacementError, match=f"{who}; what a core holds is known for lif"):
        deploy.place(graph, "spinnaker")
    with pytest.raises(deploy.PlacementError, match=f"{who}; what a core holds is known for lif"):
        deploy.energy(graph, "spinnaker")
    with pytest.raises(deploy.GraphError, match=f"{who}; the chip has lif, integrator only"):
        replace(deploy.retime(graph), arithmetic="spinnaker")


class Own(neuro.Cell):
    """A neuron of a user's own."""

    def init(self, x):
        return torch.zeros_like(x)

    def step(self, x, v):
        return (v > 1).to(x.dtype), v + x


def test_a_neuron_of_ones_own_is_refused_by_name():
    deep = neuro.Sequential({"neuron": Own()})
    net = neuro.Sequential({"fc": neuro.Linear(4, 4), "deep": deep, "out": neuro.LIF(4)})
    with pytest.raises(deploy.ExportError) as caught:
        deploy.export(net, dt=1e-3)
    (line,) = str(caught.value).splitlines()[1:]
    assert "deep.neuron (Own): a neuron without an event-driven equation here; LIF, CuBaLIF" in line
