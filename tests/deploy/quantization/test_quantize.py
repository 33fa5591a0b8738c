"""Loihi's integers: the executor against the equations and against Lava, and what is lost."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.event_graphs import loop, with_golden
from helpers.loihi_integers import by_the_equations, whole
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal import deploy, recipes
from axonal.deploy import EventGraph, GraphError, Population, Projection, quantize, run, verify
from axonal.deploy.backends import find
from axonal.deploy.chips import loihi2
from axonal.deploy.executor.float_executor import Executor


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.sampled_from([(0, 0), (1, -1), (-2, 0), (7, 7), (-8, 3)]))
def test_the_executor_equals_the_equations(seed, exponents):
    graph = whole(seed, exponents, neurons=5, fan=4, steps=25, delays=6)
    found = run(graph, graph.golden.inputs)
    rasters, v = by_the_equations(graph, graph.golden.inputs["in"][:, 0])
    np.testing.assert_array_equal(found.raster("x")[:, 0], rasters["x"])
    np.testing.assert_array_equal(found.readout["out"][-1, 0] * 64, v["out"])


@pytest.mark.slow
@pytest.mark.parametrize("exponents", [(0, 0), (1, -1), (-2, 0)])
def test_300_steps_with_delays_0_to_62_equal_lavas_fixed_point_models(exponents):
    graph = whole(1, exponents)
    delays = graph.projections[1].delay - 1  # as Lava counts them
    assert (delays.min(), delays.max()) == (0, 62)
    found = verify(graph, ("lava",))
    assert found.passed, str(found)
    assert found.spikes > 100
    assert sum(c.cells for c in found.comparisons) == 300 * (24 + 3)


def test_currents_wrap_and_membranes_saturate_as_on_the_chip():
    with pytest.warns(deploy.RangeWarning):
        graph = whole(3, (7, 7), neurons=12, steps=40, delays=3)
    assert verify(graph, ("lava",)).passed


@pytest.mark.slow
def test_a_lava_that_hangs_for_real_is_stopped_and_named(monkeypatch):
    # with the limit of delays out of the way, a process of Lava dies and its parent waits for ever
    monkeypatch.setattr(loihi2, "DELAYS", (1, 99))
    monkeypatch.setattr(find("lava"), "unsupported", lambda graph: [])
    found = verify(whole(1, (0, 0), steps=80, delays=66), ("lava", "reference"), timeout=10)
    assert found.failures == ("lava did not answer within 10 s and was stopped",)
    assert {c.backend for c in found.comparisons} == {"reference"}


@pytest.fixture(scope="module")
def exact_digits(hard_reset_run):
    return recipes.export_run(hard_reset_run, samples=16)


@pytest.fixture(scope="module")
def hard_digits(exact_digits):
    return exact_digits, quantize(exact_digits, "loihi2")


@pytest.mark.parametrize("chip", ["loihi2", "spinnaker"])
def test_quantised_digits_lose_less_than_a_point(chip, exact_digits):
    graphs = exact_digits, quantize(exact_digits, chip)
    exact, rounded = (recipes.graph_accuracy(g, backend="reference") for g in graphs)
    assert exact > 0.93
    assert rounded > exact - 0.01


def test_quantised_digits_fire_the_same_spikes_in_lava(hard_digits):
    found = verify(hard_digits[1], ("lava",))
    assert found.passed, str(found)
    assert found.spikes > 1000


def test_the_report_counts_what_changed(hard_digits):
    exact, rounded = hard_digits
    report = rounded.info["quantization"]
    hidden, readout = report["populations"]
    wrong = rounded.golden.spikes["hidden"] != exact.golden.spikes["hidden"]
    assert hidden["difference"] == wrong.sum() < 0.01 * wrong.size
    assert readout["difference"] < 0.1
    assert report["overflows"] == 0
    rows = {row["projection"]: row for row in report["projections"]}
    assert set(rows) == {
        "x -> hidden",
        "hidden -> readout",
        "always_on -> hidden",
        "always_on -> readout",
    }
    assert all(row["error"] < 0.03 for row in rows.values())
    text = deploy.quantization_table(rounded)
    assert "rounded to zero" in text and "x -> hidden" in text


def test_weights_that_are_whole_already_stay_as_they_are():
    graph = loop(20, fan=5, steps=20)
    rounded = quantize(graph)
    assert rounded.hop == 1
    feed = next(q for q in rounded.projections if q.source == "in")
    scale = rounded.info["quantization"]["populations"][0]["scale"]
    np.testing.assert_allclose(feed.weight, 0.625 * scale, rtol=0.005)


def test_two_synapses_between_the_same_neurons_are_kept_apart():
    wire = Projection("in", "a", [0, 0, 0], [0, 0, 0], [0.5, 0.25, -0.125], [0, 3, 0])
    cell = Population("a", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("a",), dt=1e-3)
    rounded = quantize(with_golden(graph, {"in": np.ones((9, 1, 1))}))
    assert [q.size for q in rounded.projections] == [1, 1, 1]
    assert rounded.golden.spikes["a"].any()


def test_a_file_keeps_the_arithmetic(tmp_path):
    graph = whole(1, (1, -1), steps=60)
    graph.save(tmp_path / "whole.h5")
    again = EventGraph.load(tmp_path / "whole.h5")
    assert again.arithmetic == "loihi2"
    assert [q.exponent for q in again.projections] == [1, -1, -1]
    assert verify(again).passed
    assert "arithmetic of loihi2" in repr(again)


@pytest.mark.parametrize("name", ["nest", "brian2", "sanafe"])
def test_simulators_in_floating_point_refuse_a_quantised_graph(name):
    with pytest.raises(ValueError, match="quantised for loihi2, and it runs float64 only"):
        run(whole(1, (0, 0), steps=5), np.zeros((5, 1, 24)), backend=name)


def small(cell=(), wire=()):
    cell = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 100, **dict(cell)}
    wire = {"weight": [10, -4], "delay": [1, 1], "exponent": 0, "post": [0, 1], **dict(wire)}
    parts = (Population("in", "input", (1,)), Population("a", "lif", (2,), **cell))
    feed = Projection("in", "a", pre=[0, 0], **wire)
    return EventGraph(parts, (feed,), ("a",), dt=1e-3, hop=1, arithmetic="loihi2")


@pytest.mark.parametrize(
    ("cell", "wire", "text"),
    [
        ({}, {"weight": [256, -4]}, r"weight \(of both signs\) is 256 at 0, .* from -256 to 254"),
        ({}, {"weight": [10, -258]}, "is -258 at 1, expected a whole number from -256 to 254"),
        ({}, {"weight": [3, 256]}, r"weight \(of one sign\) is 256 at 1, .* from 0 to 255"),
        ({}, {"weight": [-256, 0]}, "is -256 at 0, expected a whole number from -255 to 0"),
        ({}, {"weight": [10.5, -4]}, "is 10.5 at 0, expected a whole number"),
        ({}, {"weight": [3, -4]}, "weights of both signs are even, got 3"),
        ({}, {"weight": [1024, 2048], "exponent": 8}, "weight exponent is 8 at 0, .* from -8 to 7"),
        ({}, {"weight": [2**-9, 0], "exponent": -9}, "weight exponent is -9"),
        ({}, {"delay": [1, 64]}, "delay in steps, the hop included, is 64 at 1, .* from 1 to 63"),
        (
            {},
            {"weight": [0.5, 0.5], "exponent": -1, "post": [0, 0]},
            "with a negative exponent every projection holds one synapse of each pair",
        ),
        ({"decay": 0}, {}, r"dv = 4096 \(1 - decay\) is 4096 at 0, .* from 0 to 4095"),
        ({"decay": 1.25}, {}, "is -1024 at 0"),
        ({"decay": 0.9}, {}, "is 409.6 at 0, expected a whole number"),
        ({"threshold": 2**17}, {}, "threshold mantissa is 131072 at 0, .* from 0 to 131071"),
        ({"threshold": [5, -1]}, {}, "threshold mantissa is -1 at 1"),
        ({"bias": 64}, {}, r"bias mantissa \(64 bias\) is 4096 at 0, .* from -4096 to 4095"),
        ({"bias": -65}, {}, "is -4160 at 0"),
        ({"reset": "subtract"}, {}, "the neuron resets to zero and is not refractory"),
        ({"refractory": 2}, {}, "the neuron resets to zero and is not refractory"),
        ({"gain": 2}, {}, "a gain has no place"),
    ],
)
def test_what_is_outside_the_ranges_of_loihi_is_refused(cell, wire, text):
    with pytest.raises(GraphError, match=text) as caught:
        small(cell, wire)
    assert "\n" not in str(caught.value)


def test_values_at_the_edges_of_the_ranges_are_taken():
    small({"decay": 1 / 4096, "threshold": [0, 2**17 - 1], "bias": [-64, 4095 / 64]})
    small({}, {"weight": [-256, 254], "delay": [1, 63]})
    small({}, {"weight": [255 * 2.0**7, 0], "exponent": 7})


def test_every_reason_against_quantising_is_listed():
    graph = loop(reset="subtract", refractory=1)
    far = replace(graph.projections[1], delay=np.full(40, 80))
    graph = replace(graph, projections=(graph.projections[0], far, graph.projections[2]))
    with pytest.raises(deploy.QuantizeError) as caught:
        quantize(graph)
    for text in (
        "reset 'subtract'",
        "train with it, LIF(..., reset='zero')",
        "'x' is refractory",
        "in -> x has a delay of 81 steps",
    ):
        assert text in str(caught.value)


def test_the_float_executor_does_not_take_a_quantised_graph():
    with pytest.raises(ValueError, match="Executor takes float64 graphs, got one for loihi2"):
        Executor(whole(1, (0, 0), steps=5))


def test_the_names_of_chips_are_those_of_chips_only():
    assert deploy.chips.names() == ("loihi2", "spinnaker")
    with pytest.raises(ValueError, match="unknown chip '_ranges'; known are loihi2, spinnaker"):
        deploy.chips.find("_ranges")


def test_what_cannot_be_quantised_at_all_is_refused():
    with pytest.raises(ValueError, match="unknown chip 'loihi9'; known are loihi2, spinnaker"):
        quantize(loop(), "loihi9")
    with pytest.raises(ValueError, match="calibrates on the golden run, and the graph has none"):
        quantize(replace(loop(), golden=None))
    with pytest.raises(ValueError, match="quantised for loihi2 already"):
        quantize(whole(1, (0, 0), steps=5))
    with pytest.raises(GraphError, match="unknown arithmetic 'loihi9', known are float64, loihi2"):
        replace(loop(), arithmetic="loihi9")
