"""SpiNNaker's whole numbers: the executor against the equations, what is lost, and the limits."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.event_graphs import loop
from helpers.spinnaker_graphs import whole
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal import deploy
from axonal.deploy import (
    EventGraph,
    GraphError,
    Population,
    Projection,
    fake_quantize,
    quantize,
    run,
    verify,
)
from axonal.deploy.chips import spinnaker as chip


def signed32(x):
    return (x + 2**31) % 2**32 - 2**31


def by_the_equations(graph, x):
    """Spikes of one sample, neuron by neuron, in Python's unbounded integers."""
    steps, names = len(x), [p.name for p in graph.of_kind("lif", "integrator")]
    sizes = {name: graph.population(name).size for name in names}
    sent = {"in": x.astype(int)} | {n: np.zeros((steps, s), int) for n, s in sizes.items()}
    v, left = ({name: [0] * size for name, size in sizes.items()} for _ in range(2))
    for t in range(steps):
        for name in names:
            p = graph.population(name)
            for n in range(p.size):
                buffers, shift = [0, 0], 0
                for q in graph.projections_into(name):
                    shift = q.exponent + 15
                    for i, j, w, d in zip(q.pre, q.post, q.weight, q.delay, strict=True):
                        if j == n and t >= d and sent[q.source][t - d, i]:
                            m = round(float(np.ldexp(w, -q.exponent)))
                            buffers[m < 0] = min(buffers[m < 0] + abs(m), 2**16 - 1)
                if left[name][n]:
                    left[name][n] -= 1
                    continue
                given = (buffers[0] << shift) - (buffers[1] << shift)
                gap = signed32(given - v[name][n])
                h = signed32(given - (gap * round(float(p.decay[n]) * 2**15) // 2**15))
                if p.kind == "lif" and h >= round(float(p.threshold[n]) * 2**15):
                    sent[name][t, n], left[name][n], h = 1, p.refractory, 0
                v[name][n] = h
    return sent["x"] == 1, v["out"]


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.sampled_from([-15, -9, -3]), st.sampled_from([0, 0, 2]))
def test_the_executor_equals_the_equations(seed, exponent, refractory):
    graph = whole(seed, exponent, neurons=5, refractory=refractory)
    found = run(graph, graph.golden.inputs)
    raster, v = by_the_equations(graph, graph.golden.inputs["in"][:, 0])
    np.testing.assert_array_equal(found.raster("x")[:, 0], raster)
    np.testing.assert_array_equal(found.readout["out"][-1, 0] * 2**15, v)


def test_ring_buffers_saturate_and_numbers_wrap_as_on_the_chip():
    with pytest.warns(deploy.RangeWarning):
        graph = whole(3, exponent=0, top=2**15, steps=40)
        result = run(graph, graph.golden.inputs)
    raster, v = by_the_equations(graph, graph.golden.inputs["in"][:, 0])
    np.testing.assert_array_equal(result.raster("x")[:, 0], raster)
    np.testing.assert_array_equal(result.readout["out"][-1, 0] * 2**15, v)


def test_the_chip_has_a_time_constant_for_every_decay():
    decay = np.arange(chip.DECAYS[1] + 1)
    tau = chip.time_constant(decay / 2**15)
    np.testing.assert_array_equal(chip.decay_of(tau), decay)
    assert tau.min() >= 1 and tau.max() <= chip.LARGEST


def test_decays_of_usual_time_constants_are_the_exponentials_rounded_down():
    steps = np.array([0.5, 1, 2, 5, 10, 20, 50, 100])
    found = chip.decay_of((steps * 2**15).astype(np.int64)) / 2**15
    # 1 / tau is rounded down to 2^-15 before, the exponential after
    assert np.all(np.abs(found - np.exp(-1 / steps)) <= 1.5 * 2.0**-15)


@pytest.mark.parametrize("cell", [{}, {"refractory": 2}, {"decay": np.linspace(0, 0.999, 15)}])
def test_the_forward_pass_of_fine_tuning_is_the_integer_executor(cell):
    graph = loop(15, fan=6, steps=40, samples=2, **cell)
    module, rounded = fake_quantize(graph, "spinnaker"), quantize(graph, "spinnaker")
    readout, spikes = module(torch.tensor(graph.golden.inputs["in"]))
    np.testing.assert_array_equal(spikes.detach().numpy() == 1, rounded.golden.spikes["x"])
    rows = rounded.info["quantization"]["populations"]
    scale = next(row["scale"] for row in rows if row["population"] == "out")
    np.testing.assert_array_equal(readout.detach().numpy(), rounded.golden.readout["out"] / scale)
    (readout.square().mean() + spikes.mean()).backward()
    assert all(w.grad.abs().max() > 0 for w in module.weights)
    assert verify(module.graph()).passed


def test_a_quantised_graph_overflows_on_no_input():
    graph = quantize(loop(30, fan=12, steps=20), "spinnaker")
    report = graph.info["quantization"]
    assert report["overflows"] == 0
    for row in report["populations"]:
        for sign in (1, -1):
            total = np.zeros(graph.population(row["population"]).size)
            for q in graph.projections_into(row["population"]):
                mantissa = np.maximum(sign * np.ldexp(q.weight, -q.exponent), 0)
                np.add.at(total, q.post, mantissa)
            assert total.max() <= chip.WEIGHT
    ones = np.ones((20, 1, 30))
    assert sum(run(graph, ones).extra["overflows"].values()) == 0


def small(cell=(), wire=(), neurons=2):
    cell = {"decay": 0.5, "gain": 0.5, "bias": 0, "threshold": 100, **dict(cell)}
    wire = {"weight": [10, -4], "delay": [1, 1], "exponent": 0, "post": [0, 1], **dict(wire)}
    parts = (Population("in", "input", (1,)), Population("a", "lif", (neurons,), **cell))
    feed = Projection("in", "a", pre=[0, 0], **wire)
    return EventGraph(parts, (feed,), ("a",), dt=1e-3, hop=1, arithmetic="spinnaker")


@pytest.mark.parametrize(
    ("cell", "wire", "text"),
    [
        ({}, {"weight": [2**16, -4]}, "weight is 65536 at 0, .* from -65535 to 65535"),
        ({}, {"weight": [10, -(2**16)]}, "weight is -65536 at 1, .* from -65535 to 65535"),
        ({}, {"weight": [10.5, -4]}, "weight is 10.5 at 0, expected a whole number"),
        ({}, {"weight": [4, 2], "exponent": 1}, "weight exponent is 1 at 0, .* from -15 to 0"),
        ({}, {"weight": [2**-16, 0], "exponent": -16}, "weight exponent is -16"),
        ({"decay": 1, "gain": 0}, {}, r"decay · 2\^15 is 32768 at 0, .* from 0 to 32766"),
        ({"decay": -0.5, "gain": 1.5}, {}, "is -16384 at 0, expected a whole number"),
        ({"decay": 0.9, "gain": 0.1}, {}, "is 29491.2 at 0, expected a whole number"),
        ({"gain": 1}, {}, "its gain is 1 - decay on this chip"),
        ({"threshold": 65536}, {}, r"threshold · 2\^15 is 2147483648 at 0, .* to 2147483647"),
        ({"threshold": [5, 0]}, {}, r"threshold · 2\^15 is 0 at 1, .* from 1 to"),
        ({"bias": 1}, {}, "a bias has no place; retime"),
        ({"reset": "subtract"}, {}, "the neuron resets to zero"),
        ({"refractory": 65536}, {}, "65536 refractory steps, expected at most 65535"),
        ({}, {"delay": [1, 4097]}, "delay of 4097 steps; the longest on spinnaker is 4096"),
    ],
)
def test_what_is_outside_the_ranges_of_spinnaker_is_refused(cell, wire, text):
    with pytest.raises(GraphError, match=text) as caught:
        small(cell, wire)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("longest", "core"), [(32, 256), (33, 128), (4096, 2)])
def test_more_neurons_than_the_cores_of_a_board_hold_are_refused(longest, core):
    wire = {"delay": [1, longest]}
    small(wire=wire, neurons=758 * core)
    text = "needs 760 cores on spinnaker; a board has 759 for it: make populations smaller"
    with pytest.raises(GraphError, match=text):
        small(wire=wire, neurons=758 * core + 1)


def test_two_exponents_into_one_population_are_refused():
    graph = small()
    other = replace(graph.projections[0], weight=[0.5, 1], exponent=-1)
    with pytest.raises(GraphError, match="projections into one population have one exponent"):
        replace(graph, projections=(*graph.projections, other))


def test_values_at_the_edges_of_the_ranges_are_taken():
    highest = (2**31 - 1) / 2**15
    small({"decay": [0, 32766 / 2**15], "gain": [1, 2 / 2**15], "threshold": [2**-15, highest]})
    small({"refractory": 65535}, {"weight": [65535, -65535], "delay": [1, 4096]})
    small({}, {"weight": [2**-15, -(2**-15)], "exponent": -15})


def test_every_reason_against_quantising_is_listed():
    graph = loop(reset="subtract", decay=np.append(np.full(39, 0.5), 1.0))
    far = replace(graph.projections[1], delay=np.full(40, 9000))
    graph = replace(graph, projections=(graph.projections[0], far, graph.projections[2]))
    with pytest.raises(deploy.QuantizeError) as caught:
        quantize(graph, "spinnaker")
    for text in (
        "'x' has reset 'subtract'",
        "'x' has decays outside 0 to 0.99994",
        "in -> x has a delay of 9001 steps; the longest on spinnaker is 4096",
    ):
        assert text in str(caught.value)


@pytest.mark.parametrize("name", ["nest", "brian2", "sanafe", "lava"])
def test_simulators_of_other_arithmetic_refuse_the_graph(name):
    with pytest.raises(ValueError, match="the graph is quantised for spinnaker"):
        run(whole(1), np.zeros((5, 1, 12)), backend=name)


def test_a_file_keeps_the_arithmetic(tmp_path):
    whole(1).save(tmp_path / "whole.h5")
    again = EventGraph.load(tmp_path / "whole.h5")
    assert again.arithmetic == "spinnaker"
    assert verify(again).passed
