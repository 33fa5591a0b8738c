"""Spikes that carry a number: through the executor, the graph file, retiming and streams."""

import io
import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.dense_executor import dense, random_graph, random_inputs, same
from hypothesis import given
from hypothesis import strategies as st

from axonal import deploy, neuro
from axonal.cli import _stream
from axonal.deploy import EventGraph, Golden, GraphError, Population, Projection, Stream, run
from axonal.deploy.executor.float_executor import Executor
from axonal.neuro.ops.event_network import Events, simulate

KINDS = ("graded", "graded", "lif", "cuba", "alif", "resonator")


def graded_graph(seed):
    graph = random_graph(seed, kinds=KINDS)
    return graph, random_inputs(graph, seed)


def relay(delay=3, **cell):
    """An input that drives a graded neuron, whose events reach a readout."""
    cell = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 1, **cell}
    parts = (
        Population("in", "input", (1,)),
        Population("y", "graded", (1,), **cell),
        Population("out", "integrator", (1,), decay=0, gain=1, bias=0),
    )
    wires = (
        Projection("in", "y", [0], [0], [1.0], [0]),
        Projection("y", "out", [0], [0], [0.25], [delay]),
    )
    return EventGraph(parts, wires, ("out", "y"), dt=1e-3)


def test_an_event_carries_the_potential_before_the_reset():
    x = np.array([0.75, 0.75, 0.0, 3.0, 0.0, 0.0, 0.0]).reshape(-1, 1, 1)
    found = run(relay(), x)
    # 0.75; 0.375 + 0.75 fires and is reset; 0; 3 fires
    assert found.graded("y").ravel().tolist() == [0, 1.125, 0, 3.0, 0, 0, 0]
    assert found.readout["out"].ravel().tolist() == [0, 0, 0, 0, 0.28125, 0, 0.75]
    kept = run(relay(reset="subtract", refractory=1), x)
    assert kept.graded("y").ravel().tolist() == [0, 1.125, 0, 3.0625, 0, 1.03125, 0]
    with pytest.raises(KeyError, match="no payload of 'out'; graded populations: y"):
        found.graded("out")


@given(seed=st.integers(0, 2**32))
def test_random_graphs_equal_a_dense_simulation_within_rounding(seed):
    graph, inputs = graded_graph(seed)
    same(run(graph, inputs), dense(graph, inputs), tolerance=1e-9)


@given(seed=st.integers(0, 2**32), cuts=st.sets(st.integers(1, 11), max_size=3))
def test_kernels_and_chunks_give_the_same_bits(seed, cuts):
    graph, inputs = graded_graph(seed)
    executor, shape = Executor(graph), {"samples": 3, "steps": 12}
    offsets = [executor._offsets[name] for name in inputs]
    events = Events.of(list(inputs.values()), offsets, 3, 12)
    slow = simulate(executor.network, events, **shape, backend="reference")
    fast = simulate(executor.network, events, **shape, backend="cpu")
    for one, other in zip([*slow[:5], *slow.state], [*fast[:5], *fast.state], strict=True):
        np.testing.assert_array_equal(one, other)
    whole, parts, state = run(graph, inputs), [], None
    for start, stop in itertools.pairwise([0, *sorted(cuts), 12]):
        parts.append(run(graph, {k: x[start:stop] for k, x in inputs.items()}, state=state))
        state = parts[-1].state
    for name in whole.payload:
        payload = np.concatenate([part.graded(name) for part in parts])
        np.testing.assert_array_equal(payload, whole.graded(name))
        np.testing.assert_array_equal(payload > 0, whole.raster(name))
    np.testing.assert_array_equal(state.v, whole.state.v)
    np.testing.assert_array_equal(state.ring, whole.state.ring)


def test_the_random_graphs_do_send_numbers():
    found = [run(*graded_graph(seed)) for seed in range(40)]
    assert sum(len(x) for r in found for x in r.payload.values()) > 500


@pytest.fixture(scope="module")
def exported():
    """A torch network of graded neurons in a loop, a skip and a delay, with its golden run."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = neuro.Linear(12, 20, bias=True)
            self.first = neuro.GradedLIF(20, 3.0, learn=("tau", "threshold"))
            body = neuro.GradedLIF(20, 5.0, reset="subtract", refractory=1)
            self.loop = neuro.Recurrent(body, neuro.DelayedLinear(20, 20, 4), size=20)
            self.late = neuro.DelayedLinear(20, 5, 6)
            self.out = neuro.LeakyIntegrator(5, 8.0)

        def forward(self, x):
            h = self.first(self.fc(x))
            return self.out(self.late(h + self.loop(h))), h

    torch.manual_seed(0)
    net = neuro.Network(Net())
    with torch.no_grad():
        net.fc.weight.mul_(6)
        net.loop.feedback.weight.mul_(0.5)
    return deploy.export(net, dt=1e-3, steps=60, samples=3)


def test_a_network_keeps_its_spikes_and_what_they_carry(exported):
    assert exported.population("first").kind == "graded"
    for hop in (0, 1):
        result = deploy.verify(deploy.retime(exported, hop))
        assert result.passed and result.spikes > 500, str(result)
        compared = {c.population: c for c in result.comparisons if c.what == "payload"}
        assert set(compared) == {"first", "loop.body"}
        assert max(c.deviation for c in compared.values()) < 1e-12


def test_another_payload_is_a_mismatch(exported):
    golden = exported.golden
    payload = {name: x.copy() for name, x in golden.payload.items()}
    step, sample, neuron = np.argwhere(payload["first"] > 0)[40]
    payload["first"][step, sample, neuron] *= 1 + 1e-6
    result = deploy.verify(replace(exported, golden=replace(golden, payload=payload)))
    assert result.mismatches == 1
    line = f"payload of 'first' differ in 1 of 3600 cells, first at sample {sample}, step {step}"
    assert line in str(result)


def test_a_file_keeps_what_spikes_carry(exported, tmp_path):
    exported.save(tmp_path / "graph.h5")
    again = EventGraph.load(tmp_path / "graph.h5")
    for name, x in exported.golden.payload.items():
        np.testing.assert_array_equal(again.golden.payload[name], x)
    assert deploy.verify(again).passed


def test_a_golden_run_without_what_its_spikes_carry_is_refused(exported):
    golden = exported.golden
    with pytest.raises(GraphError, match=r"golden payload are of none; expected first, loop\.body"):
        replace(exported, golden=Golden(golden.inputs, golden.spikes, golden.readout))


def test_a_stream_says_what_its_spikes_carry():
    stream = Stream(relay())
    steps = [stream.advance({"in": [x]}) for x in (0.75, 0.75)]
    assert [s.payload["y"].tolist() for s in steps] == [[], [1.125]]
    lines, sent = [], b'{"events": [[0, 0.75]]}\n' * 2
    _stream.run(relay(), io.BytesIO(sent), lines.append)
    spikes = [x["spikes"] for x in map(json.loads, lines) if "spikes" in x]
    assert spikes == [{"y": [[0, 1.125]]}]
