"""The executor against a slow dense simulation written from the equations, on random graphs."""

import itertools
import threading

import numpy as np
import pytest
import torch
from helpers.dense_executor import dense, random_graph, random_inputs, same
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal._base.threads import SMALL
from axonal.deploy import EventGraph, Population, Projection, run
from axonal.deploy.executor.float_executor import Executor
from axonal.neuro.ops.event_network import Events, simulate


def same_run(one, other):
    same(one, ({name: other.raster(name) for name in other.spikes}, other.readout))
    assert one.synaptic_events == other.synaptic_events


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_random_graphs_equal_a_dense_simulation_bit_for_bit(seed):
    graph = random_graph(seed)
    inputs = random_inputs(graph, seed)
    same(run(graph, inputs), dense(graph, inputs))


def test_the_random_graphs_do_spike():
    runs = [run(g, random_inputs(g, 0)) for g in map(random_graph, range(20))]
    assert sum(len(s.t) for r in runs for s in r.spikes.values()) > 1000


@given(seed=st.integers(0, 2**32), cuts=st.sets(st.integers(1, 11), max_size=4))
def test_chunks_of_a_run_equal_the_whole(seed, cuts):
    graph = random_graph(seed)
    inputs = random_inputs(graph, seed)
    whole = run(graph, inputs)
    edges = [0, *sorted(cuts), 12]
    parts, state = [], None
    for start, stop in itertools.pairwise(edges):
        parts.append(run(graph, {k: x[start:stop] for k, x in inputs.items()}, state=state))
        state = parts[-1].state
    for name in whole.spikes:
        raster = np.concatenate([part.raster(name) for part in parts])
        np.testing.assert_array_equal(raster, whole.raster(name))
    for name in whole.readout:
        v = np.concatenate([part.readout[name] for part in parts])
        np.testing.assert_array_equal(v, whole.readout[name])
    for one, other in zip(state, whole.state, strict=True):
        np.testing.assert_array_equal(one, other)
    assert sum(part.synaptic_events for part in parts) == whole.synaptic_events


def test_a_run_leaves_the_given_state_as_it_was():
    graph = random_graph(3)
    inputs = random_inputs(graph, 3)
    state = run(graph, inputs).state
    before = [np.copy(x) for x in state]
    first = run(graph, inputs, state=state)
    for kept, now in zip(before, state, strict=True):
        np.testing.assert_array_equal(kept, now)
    same_run(run(graph, inputs, state=state), first)


@given(seed=st.integers(0, 2**32))
def test_samples_are_independent_of_one_another(seed):
    graph = random_graph(seed)
    inputs = random_inputs(graph, seed, samples=4)
    whole, order = run(graph, inputs), [2, 0, 3, 1]
    moved = run(graph, {k: x[:, order] for k, x in inputs.items()})
    same(
        moved,
        (
            {name: whole.raster(name)[:, order] for name in whole.spikes},
            {name: v[:, order] for name, v in whole.readout.items()},
        ),
    )


@given(seed=st.integers(0, 2**32))
def test_the_numpy_definition_equals_the_compiled_kernel(seed):
    graph = random_graph(seed, grid=60)
    inputs = random_inputs(graph, seed)
    executor = Executor(graph)
    names = [p.name for p in graph.of_kind("input")]
    offsets = [executor._offsets[name] for name in names]
    events = Events.of([inputs[name] for name in names], offsets, 3, 12)
    shape = {"samples": 3, "steps": 12}
    slow = simulate(executor.network, events, **shape, backend="reference")
    fast = simulate(executor.network, events, **shape, backend="cpu")
    for one, other in zip([*slow[:4], *slow.state], [*fast[:4], *fast.state], strict=True):
        np.testing.assert_array_equal(one, other)
    assert slow.synaptic_events == fast.synaptic_events


def test_the_result_does_not_depend_on_the_number_of_threads():
    graph = busy_graph(400)
    x = np.zeros((40, 7, 1))
    x[:, np.arange(7), 0] = np.arange(7)
    threads = torch.get_num_threads()
    one = run(graph, x)
    assert one.state.ring.nbytes > SMALL
    try:
        torch.set_num_threads(3)
        three = run(graph, x)
    finally:
        torch.set_num_threads(threads)
    same_run(one, three)
    for a, b in zip(one.spikes["x"], three.spikes["x"], strict=True):
        np.testing.assert_array_equal(a, b)


def busy_graph(neurons, delays=60):
    r = np.random.default_rng(1)
    fan = 20 * neurons
    cell = Population(
        "x", "lif", (neurons,), decay=0.9, gain=1, bias=r.integers(0, 20, neurons) / 64, threshold=1
    )
    pre, post = r.integers(0, neurons, (2, fan))
    weight, delay = r.integers(-8, 9, fan) / 64, r.integers(1, delays, fan)
    loop = Projection("x", "x", pre, post, weight, delay)
    feed = Projection("in", "x", [0] * neurons, range(neurons), [0.125] * neurons, [0] * neurons)
    return EventGraph((Population("in", "input", (1,)), cell), (loop, feed), ("x",), dt=0.001)


def test_python_threads_may_run_graphs_at_the_same_time():
    graph = busy_graph(50)
    x = np.ones((50, 2, 1))
    expected, found = run(graph, x), [None] * 4

    def work(k):
        found[k] = run(graph, x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in found:
        same_run(one, expected)


def test_an_event_arrives_after_its_delay_and_no_delay_is_the_same_step():
    size = 4
    cell = Population("out", "lif", (size,), decay=0, gain=1, bias=0, threshold=1)
    wire = Projection("in", "out", [0] * size, range(size), [1.0] * size, [0, 1, 5, 300])
    graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=1.0)
    x = np.zeros((320, 1, 1))
    x[7] = 1
    assert run(graph, x).spikes["out"].t.tolist() == [7, 8, 12, 307]


def test_work_is_counted_in_synaptic_events():
    cell = Population("out", "lif", (2,), decay=0, gain=1, bias=0, threshold=9)
    wire = Projection("in", "out", [0, 0, 1], [0, 1, 1], [1.0, 1.0, 1.0], [0, 1, 2])
    steady = Projection("one", "out", [0], [0], [0.5], [0])
    parts = (Population("in", "input", (2,)), Population("one", "constant", (1,)), cell)
    graph = EventGraph(parts, (wire, steady), ("out",), dt=1.0)
    x = np.zeros((5, 1, 2))
    x[0], x[3, 0, 1] = 1, 2.5
    assert run(graph, x).synaptic_events == 3 + 1 + 5


def test_events_are_ordered_by_sample_step_and_neuron():
    found = run(busy_graph(60), np.ones((40, 3, 1))).spikes["x"]
    key = (found.sample.astype(int) * 40 + found.t) * 60 + found.neuron
    assert len(key) > 100
    assert np.all(np.diff(key) > 0)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_inputs_of_any_real_dtype_are_events(dtype):
    graph = random_graph(8)
    inputs = {k: (x == 1) for k, x in random_inputs(graph, 8).items()}
    given_as = {k: x.astype(dtype) for k, x in inputs.items()}
    same(run(graph, given_as), dense(graph, inputs))


def test_inputs_may_keep_the_shape_of_their_layer():
    cell = Population("out", "integrator", (6,), decay=0, gain=1, bias=0)
    wire = Projection("in", "out", range(6), range(6), [1.0] * 6, [0] * 6)
    graph = EventGraph((Population("in", "input", (2, 3)), cell), (wire,), ("out",), dt=1.0)
    x = np.arange(12.0).reshape(2, 1, 2, 3)
    np.testing.assert_array_equal(run(graph, x).readout["out"], x.reshape(2, 1, 6))


def one_input(size=3):
    cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    wire = Projection("in", "out", [0], [0], [1.0], [2])
    return EventGraph((Population("in", "input", (size,)), cell), (wire,), ("out",), dt=0.001)


@pytest.mark.parametrize(
    ("x", "error", "text"),
    [
        (np.zeros((5, 2, 4)), ValueError, r"\[T, B, N\] with N = 3, got \(5, 2, 4\)$"),
        (np.zeros((2, 3, 5)), ValueError, r"neurons on axis 1\?.*np.moveaxis\(x, 1, -1\)"),
        (np.zeros((5, 3)), ValueError, r"x\[:, None\]"),
        (np.zeros(3), ValueError, r"with N = 3, got \(3,\)"),
        (np.zeros((0, 2, 3)), ValueError, "at least one step"),
        (np.zeros((2, 0, 3)), ValueError, "one sample"),
        (np.full((2, 1, 3), np.nan), ValueError, r"x\[0, 0, 0\] is nan"),
        (np.full((2, 1, 3), np.inf), ValueError, "finite"),
        (np.full((2, 1, 3), "a"), TypeError, "real numbers"),
        ({"inn": np.zeros((2, 1, 3))}, ValueError, "inputs of the graph are in; unknown inn"),
        ({}, ValueError, "missing in"),
    ],
)
def test_bad_input_gets_one_clear_line(x, error, text):
    with pytest.raises(error, match=text) as caught:
        run(one_input(), x)
    assert "\n" not in str(caught.value)


def test_inputs_of_several_populations_must_agree():
    parts = (*one_input().populations, Population("more", "input", (2,)))
    graph = EventGraph(parts, one_input().projections, ("out",), dt=0.001)
    with pytest.raises(ValueError, match="2 inputs: pass a dict with in, more"):
        run(graph, np.zeros((2, 1, 3)))
    with pytest.raises(ValueError, match="in: T = 4, B = 1, more: T = 5, B = 1"):
        run(graph, {"in": np.zeros((4, 1, 3)), "more": np.zeros((5, 1, 2))})


def test_a_state_of_another_batch_or_graph_is_refused():
    x = np.zeros((4, 2, 3))
    state = run(one_input(), x).state
    with pytest.raises(ValueError, match="the state holds 2 samples, the input 1"):
        run(one_input(), x[:, :1], state=state)
    with pytest.raises(ValueError, match="belongs to another network"):
        run(busy_graph(5), np.zeros((4, 2, 1)), state=state)
    with pytest.raises(ValueError, match=r"run\.state"):
        run(one_input(), x, state={"v": 0})


def test_an_unknown_back_end_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown back end 'loihi9'; known are .*reference"):
        run(one_input(), np.zeros((4, 2, 3)), backend="loihi9")


def test_an_unknown_raster_lists_the_populations_that_spike():
    with pytest.raises(KeyError, match="populations that spike: out"):
        run(one_input(), np.zeros((4, 2, 3))).raster("in")


@pytest.mark.parametrize("grid", [2**10, 2**40], ids=["float32", "float64"])
def test_weights_keep_every_bit(grid):
    weight = 1 + 1 / grid
    cell = Population("out", "integrator", (1,), decay=0, gain=1, bias=0)
    wire = Projection("in", "out", [0], [0], [weight], [0])
    graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=1.0)
    assert run(graph, np.ones((1, 1, 1))).readout["out"].item() == weight


def test_a_synapse_list_longer_than_a_chunk_is_sorted_the_same(monkeypatch):
    graph = random_graph(11)
    inputs = random_inputs(graph, 11)
    whole = run(graph, inputs)
    monkeypatch.setattr("axonal.neuro.ops.event_network._network.CHUNK", 3)
    same_run(run(graph, inputs), whole)
