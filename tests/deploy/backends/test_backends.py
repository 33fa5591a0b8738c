"""Simulators, run for real: the spikes of the network, cell by cell, or a refusal by name."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import ROOT
from helpers.event_graphs import currents, loop, trained_loop, with_golden
from hypothesis import given
from hypothesis import strategies as st

from axonal import deploy, neuro, recipes
from axonal.deploy import EventGraph, Population, Projection, run, verify
from axonal.deploy.backends import find, names
from axonal.deploy.backends.__main__ import matrix
from axonal.deploy.backends.simulations import nest

SIMULATORS = ("brian2", "brian2_cython", "lava", "nest", "sanafe")


def agree(graph, *backends):
    found = verify(graph, backends)
    assert found.passed, str(found)
    assert {c.backend for c in found.comparisons} == set(backends)
    return found


@pytest.fixture(scope="module")
def hard_digits(hard_reset_run):
    return recipes.export_run(hard_reset_run, samples=4)


@pytest.mark.parametrize("name", [*SIMULATORS, "spinnaker"])
def test_every_simulator_is_installed_here(name):
    assert find(name).missing() is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brian2", "lava", "nest", "sanafe"])
def test_digits_fire_the_spikes_of_the_torch_network(name, hard_digits):
    found = agree(hard_digits, "reference", name)
    assert found.spikes > 1000


@pytest.mark.slow
def test_the_shipped_digits_fire_the_spikes_of_the_torch_network():
    agree(deploy.example(), "brian2", "sanafe")


@pytest.mark.slow
def test_a_thousand_neurons_with_delays_1_to_15_fire_the_spikes_of_torch():
    graph = trained_loop()
    loops = [q for q in graph.projections if q.source == q.target]
    assert (loops[0].size, loops[0].delay.min(), loops[0].delay.max()) == (100_000, 1, 15)
    found = agree(graph, "reference", "nest", "brian2", "sanafe")
    assert found.spikes > 4 * 10_000


@pytest.mark.slow
def test_ten_thousand_neurons_fire_the_same_spikes_in_nest_and_brian():
    graph = loop(10_000, fan=100, steps=300, samples=1, delays=15, rate=0.05)
    assert agree(graph, "nest", "brian2").spikes > 2 * 100_000


HARDEST = {
    "brian2": {"reset": "subtract", "refractory": 2},
    "brian2_cython": {"reset": "subtract", "refractory": 2},
    "lava": {"threshold": np.linspace(0.5, 1.5, 40)},
    "nest": {"refractory": 2},
    "sanafe": {"reset": "subtract"},
}


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_population_with_all_that_a_simulator_has_fires_the_same_spikes(name):
    r = np.random.default_rng(2)
    decay = r.choice([0.0, 0.5, 0.75, 29 / 32, 1.0], 40)
    found = agree(loop(gain=r.choice([0.25, 0.5, 1.0], 40), decay=decay, **HARDEST[name]), name)
    assert found.spikes > 200


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_neurons_and_readouts_behind_a_current_are_those_of_nest(seed):
    found = agree(currents(seed, refractory=seed), "nest")
    assert found.spikes > 500
    assert [c.population for c in found.comparisons] == ["x", "y", "out"]


def test_potentials_that_meet_the_threshold_exactly_fire_in_nest_behind_a_current():
    assert agree(currents(3, neurons=100, grid=True), "nest").spikes > 2000


def test_neurons_of_one_layer_with_a_current_are_exported_to_nest():
    torch.manual_seed(1)
    net = neuro.Sequential(
        neuro.Linear(6, 20), neuro.CuBaLIF(20, 5.0, 3.0), neuro.Linear(20, 8),
        neuro.CuBaLIF(8, 4.0, 4.0, decay_input=True, refractory=2), neuro.Linear(8, 3),
        neuro.LeakyIntegrator(3, 10.0),
    )  # fmt: skip
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_().mul_(1.5)
    assert agree(deploy.export(net, dt=1e-3, steps=40, samples=2), "nest").spikes > 300


def test_graded_events_are_scaled_in_nest():
    graph = loop()
    x = np.where(graph.golden.inputs["in"] > 0, 1.5, 0)
    agree(with_golden(graph, {"in": x}), "nest")
    for name in ("brian2", "lava", "sanafe"):
        with pytest.raises(ValueError, match="input 'in' has events of other values than 1"):
            run(graph, x, backend=name)


def test_samples_do_not_touch_one_another():
    from axonal.deploy.executor.process import simulate
    from axonal.deploy.executor.request import Request

    graph = deploy.retime(loop(samples=5))
    inputs = {"in": np.pad(graph.golden.inputs["in"], ((0, graph.max_latency), (0, 0), (0, 0)))}
    batches = [simulate(nest.__file__, graph, inputs, Request(), copies=n) for n in (1, 2, 5)]
    for other in batches[1:]:
        np.testing.assert_array_equal(batches[0].raster("x"), other.raster("x"))
        np.testing.assert_array_equal(batches[0].readout["out"], other.readout["out"])
    assert batches[0].raster("x").any(axis=(0, 2)).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brian2", "lava", "nest", "sanafe"])
def test_a_first_difference_is_located_with_the_membranes_of_both_sides(name, monkeypatch):
    graph, backend = loop(samples=2), find(name)
    feed = graph.projections[1]
    weight = feed.weight.copy()
    weight[17] = 2.0

    def other(given, inputs, request, original=backend.run):
        wires = (
            given.projections[0],
            replace(feed, weight=weight, delay=given.projections[1].delay),
        )
        changed = replace(given, projections=(*wires, *given.projections[2:]))
        return original(changed, inputs, request)

    monkeypatch.setattr(backend, "run", other)
    found = verify(graph, [name])
    assert not found.passed
    (first,) = found.divergences
    assert (first.population, first.neuron) == ("x", 17)
    step, sample = np.argwhere(graph.golden.inputs["in"][:, :, 17] > 0)[0].tolist()
    assert (first.step, first.sample) == (step + feed.delay[17], sample)
    assert first.threshold == 1.0
    assert first.expected[0] == pytest.approx(first.found[0], abs=1e-5)
    assert first.expected[1] > 0.3
    assert first.found[1] == 0.0  # it fired, and was reset
    line = f"{name}: first differs at population 'x', sample {first.sample}, step {first.step}"
    assert line in str(found)
    # what is coarser than float64 is told, because it may be the whole difference
    cuts = re.search(r"sanafe cuts membranes to multiples of (\S+)", str(found))
    assert (name == "sanafe") == (cuts is not None)
    assert cuts is None or float(cuts[1]) == pytest.approx(first.resolution, rel=0.05)


@given(st.floats(0.01, 1.0))
def test_the_time_constants_of_nest_give_the_decay_to_the_last_bits(decay):
    assert abs(math.exp(-1 / nest._time_constant(decay)) - decay) <= 2 * math.ulp(decay)


@pytest.mark.parametrize("tau", [1.5, 2, 3, 5, 10, 20, 50, 100])
def test_the_usual_decays_are_exact_in_nest(tau):
    for decay in (math.exp(-1 / tau), 1 - 1 / tau, 0.5, 0.75, 0.875):
        assert math.exp(-1 / nest._time_constant(decay)) == decay


@pytest.mark.parametrize("decay", [math.exp(-1 / 3), 0.75, 0.875, 29 / 32, 0.9, 1.0])
def test_equal_decays_of_potential_and_current_have_two_time_constants_in_nest(decay):
    for tau, synapse in nest._pairs(decay, decay):
        assert tau != synapse
        assert math.exp(-1 / tau) == math.exp(-1 / synapse) == decay
    ((tau, synapse),) = nest._pairs(0.5, 0.5)  # one number alone has it
    assert math.exp(-1 / tau) == 0.5 == pytest.approx(math.exp(-1 / synapse), abs=1e-16)


def test_decays_of_zero_and_one_are_exact_in_nest():
    assert math.exp(-1 / nest._time_constant(0.0)) == 0.0
    assert math.exp(-1 / nest._time_constant(1.0)) == 1.0


def one(delay=1, **cell):
    cell = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 1, **cell}
    wire = Projection("in", "a", [0], [0], [1.0], [delay])
    parts = (Population("in", "input", (1,)), Population("a", "lif", (2,), **cell))
    return EventGraph(parts, (wire,), ("a",), dt=1e-3)


def slow(**cell):
    graph = one()
    fields = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 1, **cell}
    return replace(
        graph, populations=(graph.populations[0], Population("a", "cuba", (2,), **fields))
    )


@pytest.mark.parametrize(
    ("backend", "graph", "text"),
    [
        (
            "nest",
            one(reset="subtract"),
            r"population 'a' has reset 'subtract'; it has 'zero' only: train with it, LIF\(..., "
            r"reset='zero'\) or axonal train digits --reset zero",
        ),
        ("lava", one(reset="subtract"), "population 'a' has reset 'subtract'; it has 'zero' only"),
        ("lava", one(refractory=1), "population 'a' is refractory"),
        ("sanafe", one(refractory=1), "population 'a' is refractory"),
        ("lava", one(64), "in -> a has a delay of 64 steps; the longest is 63"),
        ("nest", one(decay=1.5), r"'a' has a decay outside \[0, 1\], 1.5 at neuron 0"),
        ("lava", one(decay=[0.5, -0.5]), r"'a' has a decay outside \[0, 1\], -0.5 at neuron 1"),
        ("nest", one(threshold=[1, 0]), "has a threshold that is not above 0, 0 at neuron 1"),
        (
            "nest",
            currents(shortest=1),
            "the loop x -> x cannot be retimed: it takes 1 steps, but its 1 hops of 2 take 2",
        ),
        (
            "nest",
            slow(decay=[0.5, 0.0], synapse_decay=0.0),
            "population 'a' has neurons that keep neither potential nor current, the first of "
            "which is 1: make them lif",
        ),
        ("sanafe", one(threshold=-1), "has a threshold that is not above 0, -1 at neuron 0"),
        ("nest", one(gain=[1, -1]), "'a' has a gain that is not above 0, -1 at neuron 1"),
        ("nest", replace(one(bias=0.5), hop=1), r"'a' has a bias: retime\(graph\) makes it"),
        (
            "sanafe",
            one(140_000),
            "population 'in' takes 140000 of 140002 neurons, relays of delays among them; 128 "
            "cores of 1024 hold 131072: make it smaller, or train with a smaller max_delay",
        ),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name(backend, graph, text):
    x = np.ones((3, 1, graph.populations[0].size))
    with pytest.raises(ValueError, match=f"{backend}' cannot run this graph: .*{text}") as caught:
        run(graph, x, backend=backend)
    assert "\n" not in str(caught.value)


def test_a_simulator_goes_on_from_no_state():
    graph = one()
    state = run(graph, np.ones((3, 1, 1))).state
    with pytest.raises(ValueError, match="nest always starts from rest"):
        run(graph, np.ones((3, 1, 1)), backend="nest", state=state)


def test_a_loop_that_no_chip_can_run_is_a_failure_of_verify():
    torch.manual_seed(0)
    body = neuro.Sequential(neuro.LIF(4), neuro.Linear(4, 4), neuro.LIF(4))
    net = neuro.Sequential(neuro.Linear(4, 4), neuro.Recurrent(body, neuro.Linear(4, 4), 1, size=4))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_().mul_(2)
    found = verify(deploy.export(net, dt=1e-3), ("reference", "nest"))
    assert not found.passed
    assert "nest: cannot run this graph: the loop " in str(found)


def test_the_documented_support_is_what_the_back_ends_say():
    assert (ROOT / "docs" / "back-ends.md").read_text() == matrix()
    assert set(names()) == {"reference", "spinnaker", *SIMULATORS}
