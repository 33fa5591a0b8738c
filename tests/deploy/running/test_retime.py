"""Retiming: hops take time, and every population still fires the spikes of the network."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from helpers.dense_executor import random_graph, random_inputs, same
from helpers.event_graphs import currents
from helpers.random_networks import networks
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

from axonal import deploy, neuro
from axonal.deploy import EventGraph, Population, Projection, RetimeError, retime, run
from axonal.deploy.executor.float_executor import Executor


def raw(graph, inputs):
    """A run in the graph's own steps, long enough for all latencies."""
    padding = ((0, graph.max_latency), (0, 0), (0, 0))
    return Executor(graph).run({name: np.pad(x, padding) for name, x in inputs.items()})


def equals_golden(graph, hop):
    """Retime and compare every raster with the network's own on [L, L + T)."""
    late, golden = retime(graph, hop), graph.golden
    assert all(q.delay.min() >= hop for q in late.projections if q.size)
    found = raw(late, golden.inputs)
    for name, raster in golden.spikes.items():
        first = late.population(name).latency
        own = found.raster(name)
        np.testing.assert_array_equal(own[first : first + golden.steps], raster, err_msg=name)
        assert not own[:first].any(), name
    for name, v in golden.readout.items():
        first = late.population(name).latency
        own = found.readout[name][first : first + golden.steps]
        np.testing.assert_allclose(own, v, rtol=0, atol=1e-9 * (np.abs(v).max() or 1))
    return late


@pytest.mark.filterwarnings("ignore:in the golden run .* never fired:UserWarning")
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(networks(exportable=True), st.integers(0, 2**16), st.integers(1, 2))
def test_random_networks_keep_their_rasters_with_hops_that_take_time(network, seed, hop):
    net, shape = network
    graph = deploy.export(net, dt=1e-3, input_shape=shape, steps=30, samples=2, seed=seed)
    assume(any(raster.any() for raster in graph.golden.spikes.values()))
    try:
        equals_golden(graph, hop)
    except RetimeError as error:
        # a loop of delay 1 runs with hops of 1 step, and of no more
        assert hop == 2 and "the loop" in str(error)


def test_a_deep_network_with_norms_skips_and_loops_runs_five_steps_late():
    torch.manual_seed(0)

    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.ModuleList(neuro.Linear(12, 12) for _ in range(4))
            self.norm = nn.ModuleList(neuro.BatchNorm(12) for _ in range(4))
            self.lif = nn.ModuleList(neuro.LIF(12, 3.0) for _ in range(4))
            self.back = neuro.Recurrent(neuro.LIF(12, 5.0), neuro.Linear(12, 12), size=12)
            self.late = neuro.DelayedLinear(12, 12, 4)

        def forward(self, x):
            for k in range(4):
                h = self.lif[k](self.norm[k](self.fc[k](x)))
                x = x + h
            return self.back(self.late(x) + h)

    net = neuro.Network(Deep())
    with torch.no_grad():
        for norm in net.modules():
            if isinstance(norm, neuro.BatchNorm):
                norm.bias.uniform_(0.1, 0.4)
                norm.running_mean.uniform_(-0.2, 0.2)
    graph = deploy.export(net, dt=1e-3, steps=40)
    assert all(raster.any() for raster in graph.golden.spikes.values())
    late = equals_golden(graph, 1)
    assert late.max_latency == 5
    biased = [p.name for p in graph.of_kind("lif") if p.bias.any()]
    assert len(biased) >= 4
    assert not any(p.bias.any() for p in late.of_kind("lif"))


def test_a_bias_that_is_not_gated_would_be_integrated_too_early():
    cell = Population("a", "lif", (1,), decay=0.5, gain=1, bias=0.75, threshold=1)
    wire = Projection("in", "a", [0], [0], [0.125], [0])
    second = Population("b", "lif", (1,), decay=0.5, gain=1, bias=0.75, threshold=1)
    chain = Projection("a", "b", [0], [0], [0.125], [0])
    graph = EventGraph(
        (Population("in", "input", (1,)), cell, second), (wire, chain), ("b",), dt=1.0
    )
    x = {"in": np.zeros((9, 1, 1))}
    late = retime(graph)
    assert (late.population("a").latency, late.population("b").latency) == (1, 2)
    gates = [q for q in late.projections if q.source == "always_on"]
    assert [(q.target, q.delay.tolist()) for q in gates] == [("a", [1]), ("b", [2])]
    expected, found = run(graph, x), raw(late, x)
    naive = raw(replace(late, populations=(*graph.populations, late.populations[-1])), x)
    assert (found.spikes["b"].t[:4] - 2).tolist() == expected.spikes["b"].t[:4].tolist()
    assert naive.spikes["b"].t[0] < 2


@given(seed=st.integers(0, 2**32), hop=st.integers(0, 3))
def test_random_graphs_do_the_same_in_network_time_or_are_refused_by_loop(seed, hop):
    graph = random_graph(seed)
    inputs = random_inputs(graph, seed)
    try:
        late = retime(graph, hop)
    except RetimeError as error:
        assert hop > 1 or "->" in str(error)
        return
    expected = run(graph, inputs)
    rasters = {name: expected.raster(name) for name in expected.spikes}
    same(run(late, inputs), (rasters, expected.readout))


def loop(*delays, hop_names="abc"):
    """An input that drives a ring of populations with the given delays."""
    names = hop_names[: len(delays)]
    cells = [Population(n, "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1) for n in names]
    ring = [
        Projection(a, b, [0], [0], [1.0], [d])
        for a, b, d in zip(names, names[1:] + names[0], delays, strict=True)
    ]
    feed = Projection("in", names[0], [0], [0], [1.0], [0])
    parts = (Population("in", "input", (1,)), *cells)
    return EventGraph(parts, (feed, *ring), (names[0],), dt=1.0)


def test_a_loop_with_less_delay_than_hops_is_refused_by_name():
    with pytest.raises(RetimeError) as caught:
        retime(loop(0, 0, 2))
    text = str(caught.value)
    paths = ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c")
    assert text.startswith(tuple(f"the loop {path} cannot be retimed" for path in paths))
    assert text.endswith(
        "it takes 2 steps, but its 3 hops of 1 take 3; give it 1 more steps of delay"
    )
    with pytest.raises(
        RetimeError, match=r"a -> a cannot be retimed: it takes 1 steps, but its 1 h"
    ):
        retime(loop(1), 2)


@pytest.mark.parametrize("delays", [(1,), (0, 2), (1, 1), (0, 0, 3), (5, 0, 0)])
def test_a_loop_with_just_enough_delay_is_spread_over_its_hops(delays):
    late = retime(loop(*delays))
    ring = [q for q in late.projections if q.source != "in"]
    assert sum(int(q.delay[0]) for q in ring) == sum(delays)
    assert all(q.delay[0] >= 1 for q in ring)


def test_what_already_fits_is_not_delayed():
    graph = loop(1)
    fits = replace(
        graph, projections=tuple(replace(q, delay=q.delay + 1) for q in graph.projections)
    )
    late = retime(fits)
    assert late.hop == 1
    assert late.max_latency == 0
    assert [q.delay.tolist() for q in late.projections] == [[1], [2]]


def test_synapses_into_a_kind_may_take_longer_than_the_others():
    graph = currents()
    once, again = retime(graph, 1, {"cuba": 2, "current_integrator": 3}), retime(graph, 1)
    least = {(q.source, q.target): int(q.delay.min()) for q in once.projections}
    assert [least[ends] for ends in (("x", "x"), ("in", "x"), ("x", "y"), ("y", "out"))] == [
        2, 2, 1, 3
    ]  # fmt: skip
    assert once.hop == 1
    late = {p.name: p.latency for p in once.populations}
    assert (late["x"], late["y"], late["out"]) == (2, 3, 6)
    twice = retime(again, 1, {"cuba": 2, "current_integrator": 3})
    assert {p.name: p.latency for p in twice.populations} == late
    found = raw(once, graph.golden.inputs)
    for name in ("x", "y"):
        own = found.raster(name)[late[name] :][: graph.golden.steps]
        np.testing.assert_array_equal(own, graph.golden.spikes[name], err_msg=name)


def test_a_retimed_graph_can_be_retimed_again():
    graph = deploy.example()
    once, twice = retime(graph, 2), retime(retime(graph, 1), 2)
    for one, other in zip(once.projections, twice.projections, strict=True):
        np.testing.assert_array_equal(one.delay, other.delay)
    assert [p.latency for p in once.populations] == [p.latency for p in twice.populations]
    assert deploy.verify(twice).passed


def test_a_population_that_fires_without_input_is_refused_by_name():
    graph = loop(1)
    cells = [replace(p, threshold=[0.0]) if p.name == "a" else p for p in graph.populations]
    with pytest.raises(
        RetimeError, match="population 'a' cannot be retimed: with a threshold of 0"
    ):
        retime(replace(graph, populations=tuple(cells)))


def test_a_hop_is_a_whole_number_of_steps():
    with pytest.raises(ValueError, match="hop >= 0 steps, got -1"):
        retime(loop(1), -1)
    with pytest.raises(TypeError):
        retime(loop(1), 1.5)


def test_a_file_keeps_hop_and_latencies(tmp_path):
    late = retime(deploy.example())
    late.save(tmp_path / "late.h5")
    again = EventGraph.load(tmp_path / "late.h5")
    assert (again.hop, again.max_latency) == (1, 2)
    assert [p.latency for p in again.populations] == [p.latency for p in late.populations]
    assert deploy.verify(again).passed
    assert "hop 1, latency up to 2" in repr(again)


def test_a_file_of_version_1_is_read_without_hops_and_latencies(tmp_path):
    graph = loop(1)
    graph.save(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "a") as file:
        file.attrs["version"] = 1
        del file.attrs["arithmetic"]
        for population in file["populations"].values():
            del population.attrs["latency"]
        for projection in file["projections"].values():
            del projection.attrs["exponent"]
    old = EventGraph.load(tmp_path / "old.h5")
    assert (old.hop, old.max_latency, old.arithmetic) == (0, 0, "float64")
    x = np.ones((9, 1, 1))
    np.testing.assert_array_equal(run(old, x).raster("a"), run(graph, x).raster("a"))


def test_a_delay_below_the_hop_is_refused():
    late = retime(loop(1))
    wrong = replace(late.projections[0], delay=[0])
    with pytest.raises(
        deploy.GraphError, match=r"in -> a: delay of synapse 0 is 0, but a hop .* 1"
    ):
        replace(late, projections=(wrong, *late.projections[1:]))


def test_a_graph_with_latencies_does_not_go_on_from_a_state():
    late, x = retime(loop(0, 2)), np.ones((4, 1, 1))
    assert run(late, x).state is None
    with pytest.raises(ValueError, match="cannot go on from a state"):
        run(late, x, state=run(loop(0, 2), x).state)


@pytest.mark.parametrize(
    ("part", "field", "value", "text"),
    [
        ("/", "hop", 0.5, "hop must be a whole number, got 0.5"),
        ("/", "hop", -1, "hop must be at least 0 steps, got -1"),
        ("populations/1", "latency", -3, "latency must be at least 0, and 0"),
        ("populations/0", "latency", 1, "0 of an input or constant, got 1"),
    ],
)
def test_a_file_with_impossible_timing_is_refused(tmp_path, part, field, value, text):
    loop(1).save(tmp_path / "graph.h5")
    with h5py.File(tmp_path / "graph.h5", "a") as file:
        file[part].attrs[field] = value
    with pytest.raises(deploy.GraphError, match=text):
        EventGraph.load(tmp_path / "graph.h5")
