"""Header and arrays of a graph: all of it, in a form that JSON and npz hold."""

import io
import json

import numpy as np
from helpers.example_graph import example, same_graph

from axonal.deploy import EventGraph


def test_a_graph_comes_back_from_json_and_npz():
    graph = example()
    header, arrays = graph.to_arrays()
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as read:
        again = EventGraph.from_arrays(json.loads(json.dumps(header)), dict(read))
    same_graph(again, graph)


def test_fields_that_a_kind_does_not_have_are_left_out():
    header, arrays = example().to_arrays()
    k = [p["kind"] for p in header["populations"]].index("lif")
    fields = sorted(name.split(".")[2] for name in arrays if name.startswith(f"populations.{k}."))
    assert fields == ["bias", "decay", "gain", "threshold"]
