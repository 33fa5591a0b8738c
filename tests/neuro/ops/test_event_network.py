"""The event-driven operator by itself: what reaches compiled code, and how it is compiled."""

import logging
import tracemalloc

import numpy as np
import pytest
import torch

from axonal._base import memory
from axonal._base.jit import jit, kernel
from axonal._base.threads import shards
from axonal.deploy import EventGraph, Population, Projection
from axonal.deploy.executor.float_executor import Executor, footprint
from axonal.neuro.ops.event_network import (
    Block,
    EventNetwork,
    Events,
    Kind,
    Synapses,
    simulate,
)


def network(**changes):
    fields = {
        "decay": [0.5, 0.5],
        "gain": [1, 1],
        "bias": [0, 0],
        "threshold": [1, 1],
        "blocks": [Block(0, 2, Kind.LIF)],
        "synapses": [],
        "external": 1,
    }
    return EventNetwork.build(**{**fields, **changes})


def wires(pre, post, delay):
    return [Synapses(np.array([pre]), np.array([post]), np.array([1.0]), np.array([delay]))]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"synapses": wires(3, 0, 0)}, "each source must lie in 0 .. 2, got 3"),
        ({"synapses": wires(0, 2, 0)}, "each target must lie in 0 .. 1, got 2"),
        ({"synapses": wires(-1, 0, 0)}, "each source"),
        ({"synapses": wires(0, 0, -2)}, "each delay"),
        ({"blocks": [Block(0, 1, Kind.LIF)]}, "blocks must cover neurons 0 to 1"),
        ({"steady": [1]}, "steady sources must lie in 2 .. 2"),
        ({"gain": [1]}, "differ in length"),
    ],
)
def test_the_kernel_is_never_given_an_index_out_of_range(changes, text):
    with pytest.raises(ValueError, match=text):
        network(**changes)


def test_events_out_of_range_are_refused_before_the_kernel():
    shape = {"samples": 1, "steps": 2}
    events = Events.of([np.ones((2, 1, 1))], [2], **shape)
    simulate(network(), events, **shape)
    with pytest.raises(ValueError, match=r"outside sources 2 .. 2, got 9 .. 9"):
        simulate(network(), events._replace(source=np.array([9, 9])), **shape)
    with pytest.raises(ValueError, match="not ordered for 1 samples of 3 steps"):
        simulate(network(), events, samples=1, steps=3)
    with pytest.raises(ValueError, match="choose one of auto, cpu, reference"):
        simulate(network(), events, **shape, backend="gpu")


def test_shards_cover_every_item_once_and_in_order():
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        parts = shards(lambda start, stop: list(range(start, stop)), 10, size=1 << 30)
    finally:
        torch.set_num_threads(threads)
    assert len(parts) == 3
    assert [k for part in parts for k in part] == list(range(10))


def test_code_without_a_folder_to_cache_in_is_compiled_all_the_same():
    scope = {}
    exec(compile("def twice(x):\n    return 2 * x", "<nowhere>", "exec"), scope)
    assert jit(scope["twice"])(4) == 8


def test_the_first_call_says_what_it_compiled(caplog):
    scope = {"__name__": "made"}
    exec(compile("def thrice(x):\n    return 3 * x", "<nowhere>", "exec"), scope)
    compiled = kernel(scope["thrice"])
    with caplog.at_level(logging.INFO, logger="axonal"):
        assert [compiled(1), compiled(2)] == [3, 6]
    said = [record.getMessage().split(",")[0] for record in caplog.records]
    assert said == ["compiling made.thrice", "made.thrice: compiled"]


def test_who_waits_in_a_given_state_waits_also_where_nobody_else_can():
    shape = {"samples": 1, "steps": 3}
    net, events = network(bias=[2, 2]), Events.of([np.zeros((3, 1, 1))], [2], **shape)
    state = net.rest(1)._replace(wait=np.array([[2, 0]], np.int32))
    for backend in ("cpu", "reference"):
        found = simulate(net, events, state=state, backend=backend, **shape)
        assert list(zip(found.step, found.neuron, strict=True)) == [(0, 1), (1, 1), (2, 0), (2, 1)]


def test_what_does_not_fit_into_memory_is_refused_before_it_is_allocated(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 100)
    with pytest.raises(
        MemoryError, match=r"2 neurons and 1 synapses needs .* GiB are free: run it"
    ):
        network(synapses=wires(2, 0, 3))
    monkeypatch.setattr(memory, "available_bytes", lambda: 1 << 60)
    net = network(synapses=wires(2, 0, 3))
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    net.rest(5)
    with pytest.raises(MemoryError, match=r"under way \(.* = 99 x 4 x 2\) .* run fewer samples"):
        net.rest(99)


def test_the_memory_that_is_predicted_is_what_is_allocated():
    r, size, cells = np.random.default_rng(0), 300_000, 3000
    pre, post = r.integers(0, cells, (2, size))
    weight, delay = r.integers(0, 99, size) / 64, r.integers(1, 16, size)
    cell = Population("x", "lif", (cells,), decay=0.9, gain=1, bias=0, threshold=1)
    wire = Projection("x", "x", pre, post, weight, delay)
    graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("x",), 1.0)
    tracemalloc.start()
    Executor(graph).network.rest(20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 < peak / footprint(graph, samples=20) < 1
