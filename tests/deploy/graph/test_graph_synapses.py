"""Synapses in the file of a graph: by source, and otherwise in the order they were given."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from axonal.deploy import EventGraph, Population, Projection


@given(st.integers(0, 2**32), st.sampled_from([1, 7, 300]), st.sampled_from([0, 1, 50, 2000]))
def test_a_file_keeps_the_order_of_synapses_that_leave_one_neuron(
    tmp_path_factory, seed, neurons, synapses
):
    r = np.random.default_rng(seed)
    pre = r.integers(0, neurons, synapses).astype(r.choice(["u2", "i4", "i8"]))
    wire = Projection("in", "a", pre, 0 * pre, np.arange(synapses) + 1.0, 0 * pre)
    cell = Population("a", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    graph = EventGraph((Population("in", "input", (neurons,)), cell), (wire,), ("a",), dt=1e-3)
    file = tmp_path_factory.mktemp("graph") / "net.h5"
    graph.save(file)
    (found,) = EventGraph.load(file).projections
    order = np.argsort(pre, kind="stable")
    np.testing.assert_array_equal(found.weight, order + 1.0)
    np.testing.assert_array_equal(found.pre, pre[order])
