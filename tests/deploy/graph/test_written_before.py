"""Files of commit b96d2b4: a graph and the state of a stream, read with the same spikes."""

from pathlib import Path

import numpy as np
import pytest

from axonal.deploy import EventGraph, Stream, example, run

FOLDER = Path(__file__).parents[1] / "written_by_b96d2b4"
INPUTS = np.array([[[1, 0, 1]], [[0, 1, 1]], [[1, 1, 0]], [[1, 0, 0]], [[1, 0, 0]]], float)


@pytest.fixture
def graph():
    return EventGraph.load(FOLDER / "graph.h5")


def test_a_graph_has_the_numbers_that_were_written(graph):
    assert [p.kind for p in graph.populations] == ["input", "lif", "cuba", "integrator", "constant"]
    assert graph.population("b").synapse_decay.tolist() == [0.25]
    assert graph.population("a").refractory == 1
    assert graph.projections[0].weight.tolist() == [1.0, 0.5, 0.75]
    assert graph.projections[0].delay.tolist() == [0, 1, 2]


def test_a_stream_goes_on_from_its_state_with_the_same_spikes(graph):
    stream = Stream(graph)
    stream.load(FOLDER / "stream_state.npz")
    assert stream.step == 4
    step = stream.advance({"in": INPUTS[4, 0]})
    assert {name: n.tolist() for name, n in step.spikes.items()} == {"a": [0], "b": [0]}
    assert step.readout["out"].tolist() == [1.625]
    whole = run(graph, INPUTS)
    assert whole.readout["out"][-1, 0].tolist() == [1.625]


def test_the_checksum_that_names_a_graph_in_a_state_is_the_same(graph):
    assert Stream(graph)._fingerprint().startswith("3a7b5279d9f77914")
    assert Stream(example())._fingerprint().startswith("3bd7bcc824a10d13")
