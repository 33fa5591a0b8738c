"""The proof itself is tested: it finds and locates what is wrong, and never passes on nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.event_graphs import with_golden

from axonal.deploy import EventGraph, Golden, Population, Projection, run, verify
from axonal.deploy.backends import find


def example(drive=0.3):
    r = np.random.default_rng(0)
    cells = [
        Population(name, "lif", (8,), decay=0.75, gain=1, bias=0, threshold=1) for name in "ab"
    ]
    out = Population("out", "integrator", (2,), decay=0.9, gain=0.3, bias=0.125)

    def wire(source, target, sizes, shortest=0):
        pre, post = (r.integers(0, n, 60) for n in sizes)
        delay = r.integers(shortest, 6, 60)
        return Projection(source, target, pre, post, r.integers(-8, 24, 60) / 32, delay)

    wires = (
        wire("in", "a", (4, 8)),
        wire("a", "b", (8, 8)),
        wire("b", "a", (8, 8), 1),
        wire("b", "out", (8, 2)),
    )
    populations = (Population("in", "input", (4,)), *cells, out)
    graph = EventGraph(populations, wires, ("out",), dt=0.001)
    x = (r.random((40, 3, 4)) < drive) * 1.0
    found = run(graph, x)
    rasters = {name: found.raster(name) for name in "ab"}
    return replace(graph, golden=Golden({"in": x}, rasters, found.readout, seed=0))


def test_a_graph_equals_its_golden_run():
    graph = example()
    found = verify(graph)
    assert found.passed
    assert found.mismatches == 0
    assert found.spikes == sum(x.sum() for x in graph.golden.spikes.values()) > 100
    assert [(c.population, c.what) for c in found.comparisons] == [
        ("a", "spikes"),
        ("b", "spikes"),
        ("out", "readout"),
    ]
    assert sum(c.cells for c in found.comparisons) == 40 * 3 * (8 + 8 + 2)


@pytest.mark.parametrize("cell", [(0, 0, 0), (39, 2, 7), (11, 1, 3)])
def test_one_flipped_golden_spike_is_found_and_located(cell):
    graph = example()
    raster = graph.golden.spikes["b"].copy()
    raster[cell] ^= True
    spikes = {**graph.golden.spikes, "b": raster}
    found = verify(replace(graph, golden=replace(graph.golden, spikes=spikes)))
    step, sample, neuron = cell
    assert not found.passed
    assert {c.population: c.mismatches for c in found.comparisons} == {"a": 0, "b": 1, "out": 0}
    assert found.comparisons[1].first == (sample, step, neuron)
    assert f"first at sample {sample}, step {step}, neuron {neuron}" in str(found)


def test_the_first_mismatch_is_the_earliest_step_of_any_sample():
    graph = example()
    raster = graph.golden.spikes["a"].copy()
    raster[[30, 5], [0, 2], [1, 6]] ^= True
    spikes = {**graph.golden.spikes, "a": raster}
    found = verify(replace(graph, golden=replace(graph.golden, spikes=spikes)))
    assert found.comparisons[0].first == (2, 5, 6)


def test_a_changed_weight_is_found():
    graph = example()
    feed = graph.projections[0]
    weight = feed.weight.copy()
    weight[np.argmax(weight)] = -1
    changed = replace(graph, projections=(replace(feed, weight=weight), *graph.projections[1:]))
    found = verify(changed)
    assert not found.passed
    wrong = run(changed, graph.golden.inputs["in"]).raster("a") != graph.golden.spikes["a"]
    assert found.comparisons[0].mismatches == wrong.sum() > 0


@pytest.mark.parametrize(("shift", "passed"), [(1e-11, True), (1e-7, False), (1e9, False)])
def test_a_readout_may_deviate_by_its_tolerance_only(shift, passed):
    graph = example()
    v = graph.golden.readout["out"].copy()
    v[7, 1, 0] += shift
    found = verify(replace(graph, golden=replace(graph.golden, readout={"out": v})))
    assert found.passed is passed
    assert found.comparisons[2].deviation == pytest.approx(shift, rel=1e-3)
    if not passed and shift < 1:
        assert found.comparisons[2].first == (1, 7, 0)


def test_a_readout_that_is_not_a_number_is_a_mismatch(monkeypatch):
    graph = example()

    found = run(graph, graph.golden.inputs)
    broken = replace(found, readout={"out": found.readout["out"] * np.nan})
    monkeypatch.setattr(find("reference"), "run", lambda *_: broken)
    assert verify(graph).comparisons[2].mismatches == 40 * 3 * 2


def test_nothing_passes_when_no_spike_was_compared():
    silent = verify(example(drive=0))
    assert silent.mismatches == 0
    assert not silent.passed
    assert "no spike was compared" in str(silent)


def test_a_graph_in_which_nothing_can_fire_is_not_told_that_its_golden_run_is_silent():
    cell = Population("out", "integrator", (1,), decay=0.5, gain=1, bias=0)
    wire = Projection("in", "out", [0], [0], [1.0], [0])
    graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=1e-3)
    found = verify(with_golden(graph, {"in": np.ones((5, 1, 1))}))
    assert found.failures == ("reference: no spike was compared: no population fires",)


def test_nothing_passes_without_a_golden_run():
    found = verify(replace(example(), golden=None))
    assert not found.passed
    assert "no golden run" in str(found)


def test_a_missing_or_unfit_back_end_is_named_and_not_passed(monkeypatch):
    graph = example()
    monkeypatch.setattr(find("reference"), "missing", lambda: "pip install it")
    found = verify(graph)
    assert not found.passed
    assert found.failures == ("reference: not installed: pip install it",)
    with pytest.raises(ValueError, match="'reference' is not installed: pip install it"):
        run(graph, np.ones((2, 1, 4)))
    monkeypatch.setattr(find("reference"), "missing", lambda: None)
    monkeypatch.setattr(
        find("reference"), "unsupported", lambda graph: ["population 'a': soft reset"]
    )
    assert "cannot run this graph: population 'a'" in str(verify(graph))
    with pytest.raises(ValueError, match="cannot run this graph: population 'a'"):
        run(graph, np.ones((2, 1, 4)))


def test_unknown_back_ends_are_refused():
    with pytest.raises(ValueError, match="unknown back end 'nset'; known are"):
        verify(example(), ("reference", "nset"))
    with pytest.raises(ValueError, match="name at least one"):
        verify(example(), ())


def test_the_findings_are_json_and_a_table():
    found = verify(example())
    again = json.loads(json.dumps(found.to_json()))
    assert again["passed"] is True
    assert again["spikes"] == found.spikes
    assert [c["population"] for c in again["comparisons"]] == ["a", "b", "out"]
    lines = found.table().splitlines()
    assert len(lines) == 4
    assert lines[0].split()[:3] == ["backend", "population", "what"]
    assert str(found).endswith(f"passed: {found.spikes} spikes compared, 0 mismatches")
