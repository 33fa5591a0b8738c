"""Random networks of every neuron: the graph does what torch does, late, in pieces and from a file.

Deep ones, so that populations run up to five steps behind the network.
"""

import itertools
from dataclasses import fields

import numpy as np
import pytest
import torch
from helpers.layers import EXPORTABLE
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

from axonal import deploy, neuro
from axonal.deploy import EventGraph, Population, Stream, retime, run
from axonal.deploy.executor.float_executor import Executor

STEPS, SAMPLES, WIDTH = 30, 2, 6


class Deep(nn.Module):
    """Four layers with skips and delays between them, then a loop and perhaps a readout."""

    def __init__(self, neurons, delays, loop_delay, read):
        super().__init__()
        self.connect = nn.ModuleList(
            neuro.DelayedLinear(WIDTH, WIDTH, d, bias=True)
            if d
            else neuro.Linear(WIDTH, WIDTH, bias=True)
            for d in delays
        )
        *layers, body = neurons
        self.neurons = nn.ModuleList(layers)
        feedback = neuro.DelayedLinear(WIDTH, WIDTH, 3)
        self.loop = neuro.Recurrent(body, feedback, loop_delay, size=WIDTH)
        self.read = neuro.LeakyIntegrator(WIDTH, 5.0) if read else neuro.IF(WIDTH)

    def forward(self, x):
        h = x
        for connect, neurons in zip(self.connect, self.neurons, strict=False):
            h = h + neurons(connect(h))
        return self.read(self.connect[5](self.loop(self.connect[4](h))))


@st.composite
def graphs(draw):
    makers = draw(st.lists(st.sampled_from(EXPORTABLE), min_size=5, max_size=5))
    delays = draw(st.lists(st.sampled_from([0, 0, 4]), min_size=6, max_size=6))
    loop_delay, read = draw(st.integers(1, 3)), draw(st.booleans())
    seed = draw(st.integers(0, 2**16))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = neuro.Network(Deep([make(WIDTH) for make in makers], delays, loop_delay, read))
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                if name.endswith("weight"):
                    parameter.copy_(torch.randn_like(parameter) * 0.5 + 0.15)
                elif name.endswith("bias"):
                    parameter.uniform_(-0.1, 0.25)
    return deploy.export(net, dt=1e-3, steps=STEPS, samples=SAMPLES, seed=seed)


# a random layer may stay silent
pytestmark = pytest.mark.filterwarnings("ignore:in the golden run .* never fired:UserWarning")
slowly = settings(suppress_health_check=[HealthCheck.too_slow])


def equals_golden(graph, found, first=None):
    """Every raster, payload and readout of a run is the network's own, from step ``first`` on."""
    golden = graph.golden
    first = first or dict.fromkeys(graph.order, 0)
    for name, raster in golden.spikes.items():
        own = found.raster(name)
        assert not own[: first[name]].any(), name
        np.testing.assert_array_equal(own[first[name] :][:STEPS], raster, err_msg=name)
    for values, of in ((golden.readout, found.readout.get), (golden.payload, found.graded)):
        for name, v in values.items():
            own = of(name)[first[name] :][:STEPS]
            np.testing.assert_allclose(own, v, rtol=0, atol=1e-9 * (np.abs(v).max() or 1))


@slowly
@given(graphs())
def test_a_graph_does_what_torch_does(graph):
    assume(sum(raster.any() for raster in graph.golden.spikes.values()) >= 4)
    equals_golden(graph, run(graph, graph.golden.inputs))


@slowly
@given(graphs())
def test_a_graph_whose_hops_take_a_step_does_the_same_up_to_several_steps_late(graph):
    late = retime(graph)
    assert late.max_latency >= 5
    assert all(q.delay.min() >= 1 for q in late.projections if q.size)
    padding = ((0, late.max_latency), (0, 0), (0, 0))
    inputs = {name: np.pad(x, padding) for name, x in graph.golden.inputs.items()}
    equals_golden(graph, Executor(late).run(inputs), {p.name: p.latency for p in late.populations})


@slowly
@given(graphs(), st.sets(st.integers(1, STEPS - 1), max_size=4))
def test_chunks_and_single_steps_give_the_same_bits(graph, cuts):
    whole, state, parts = run(graph, graph.golden.inputs), None, []
    for start, stop in itertools.pairwise([0, *sorted(cuts), STEPS]):
        x = {name: x[start:stop] for name, x in graph.golden.inputs.items()}
        parts.append(run(graph, x, state=state))
        state = parts[-1].state
    for name in whole.spikes:
        raster = np.concatenate([part.raster(name) for part in parts])
        np.testing.assert_array_equal(raster, whole.raster(name))
    for one, other in zip(state, whole.state, strict=True):
        np.testing.assert_array_equal(one, other)
    ((name, x),) = graph.golden.inputs.items()
    stream, fired = Stream(graph), {name: set() for name in whole.spikes}
    for t in range(STEPS):
        step = stream.advance({name: x[t, 0]})
        for cell, neurons in step.spikes.items():
            fired[cell] |= {(t, n) for n in neurons.tolist()}
    for cell, cells in fired.items():
        assert cells == set(map(tuple, np.argwhere(whole.raster(cell)[:, 0]).tolist()))


@pytest.mark.slow
@slowly
@given(graphs())
def test_a_file_keeps_every_number(tmp_path_factory, graph):
    path = tmp_path_factory.getbasetemp() / "graph.h5"
    graph.save(path)
    again = EventGraph.load(path)
    for p, q in zip(graph.populations, again.populations, strict=True):
        for field in fields(Population):
            np.testing.assert_array_equal(getattr(p, field.name), getattr(q, field.name))
    one, other = run(graph, graph.golden.inputs), run(again, graph.golden.inputs)
    for name in one.spikes:
        np.testing.assert_array_equal(one.raster(name), other.raster(name))
    equals_golden(again, other)
