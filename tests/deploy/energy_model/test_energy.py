"""Energy is an estimate: counts that are exact, constants with sources, SANA-FE's figure beside."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.event_graphs import loop, with_golden
from matplotlib.figure import Figure

from axonal import deploy
from axonal.deploy import EventGraph, Population, Projection, energy, place, run
from axonal.deploy.backends import find
from axonal.deploy.chips import spinnaker
from axonal.deploy.energy_model import Cost, constants
from axonal.deploy.placement import limits

MARK = "not verified"
TINY = replace(limits("loihi2"), neurons=7, tile=2, columns=2)


def by_hand(placed):
    """Every count, event by event."""
    graph, golden = placed.graph, placed.graph.golden
    steps = golden.steps + graph.max_latency
    found = {"synaptic events": 0, "spikes": 0, "messages": 0, "hops": 0}
    for p in graph.populations:
        if p.kind == "integrator":
            continue
        always = np.ones((steps, golden.samples, p.size))
        raster = {**golden.spikes, **golden.inputs}.get(p.name, always)
        for _, _, n in np.argwhere(raster != 0).tolist():
            reached = [
                int(placed.core[q.target][j])
                for q in graph.projections_from(p.name)
                for j in q.post[q.pre == n]
            ]
            found["synaptic events"] += len(reached)
            found["messages"] += len(set(reached))
            if p.kind == "lif":
                found["spikes"] += 1
                here = placed.core[p.name][n] // 2
                for there in {core // 2 for core in set(reached)}:
                    cores = {core for core in reached if core // 2 == there}
                    away = abs(here % 2 - there % 2) + abs(here // 2 - there // 2)
                    found["hops"] += int(away) * len(cores)
    neurons = sum(len(core) for core in placed.core.values())
    return {**found, "neuron updates": neurons * steps * golden.samples}


def test_counts_equal_those_of_every_event_by_hand():
    graph = loop(24, fan=6, steps=20, samples=2)
    placed = place(graph, TINY)
    found = energy(graph, "loihi2", placement=placed, sanafe=False)
    expected = by_hand(placed)
    assert {name: found.counts[name] for name in expected} == expected
    assert expected["hops"] > 100
    steps = found.samples * found.steps
    assert found.counts["seconds of a core"] == pytest.approx(placed.cores_used * steps * 1e-3)
    assert found.bytes_moved == {
        "synapses read": 4 * expected["synaptic events"],
        "states read and written": 12 * expected["neuron updates"],
        "messages": 5 * expected["messages"],
    }


def test_synaptic_events_are_those_of_the_executor():
    cell = Population("a", "lif", (30,), decay=0.5, gain=1, bias=0, threshold=1)
    pre, post = (x.ravel() for x in np.indices((20, 30)))
    wire = Projection("in", "a", pre, post, np.full(600, 0.25), np.ones(600, int))
    graph = EventGraph((Population("in", "input", (20,)), cell), (wire,), ("a",), 1e-3, hop=1)
    x = (np.random.default_rng(0).random((30, 2, 20)) < 0.2) * 1.0
    found = energy(with_golden(graph, {"in": x}), sanafe=False)
    assert found.counts["synaptic events"] == run(graph, x).synaptic_events > 1000


def test_the_estimate_is_the_sum_of_counts_and_constants():
    found = energy(loop(24, fan=6, steps=20), sanafe=False)
    for bound in ("low", "typical", "high"):
        joules = sum(getattr(c, bound) * found.counts[c.what] for c in constants("loihi2"))
        assert getattr(found, bound) == pytest.approx(joules)
    assert 0 < found.low < found.typical < found.high


@pytest.mark.parametrize("chip", ["loihi2", "spinnaker"])
def test_every_constant_has_a_range_and_a_source(chip):
    for cost in constants(chip):
        assert 0 <= cost.low <= cost.typical <= cost.high > 0
        assert any(word in cost.source for word in ("SANA-FE", "SpiNNMachine"))
    with pytest.raises(ValueError, match="low <= typical <= high, got 2, 1 and 3"):
        Cost("x", 2, 1, 3, "somewhere")
    with pytest.raises(ValueError, match="cost of x has no source"):
        Cost("x", 1, 1, 1, "")


def number_in(package, file, name):
    """A number that a text of an installed package gives a name."""
    (folder,) = importlib.util.find_spec(package).submodule_search_locations
    text = (Path(folder) / file).read_text()
    return {float(x) for x in re.findall(rf"{name}(?:: Final =| =|:) ([-+.e0-9]+)", text)}


def test_constants_are_those_of_the_files_that_they_name():
    cost = {c.what: c for c in constants("loihi2")}
    expected = {
        "energy_process_spike": {cost["synaptic events"].typical, cost["synaptic events"].high},
        "energy_access_neuron": {cost["neuron updates"].low},
        "energy_spike_out": {cost["spikes"].high},
        "energy_message_out": {cost["messages"].high},
        "energy_(?:north|east|south|west)_hop": {cost["hops"].low, cost["hops"].high},
    }
    for name, values in expected.items():
        found = number_in("sanafe", "examples/loihi.yaml", name)
        assert {round(x, 15) for x in values} <= {round(x, 15) for x in found}, name
    (update,) = number_in("sanafe", "examples/loihi.yaml", "energy_update_neuron") - {0.0}
    assert cost["neuron updates"].typical == pytest.approx(cost["neuron updates"].low + update)
    cost = {c.what: c for c in constants("spinnaker")}
    spin, board = "version/version_spin1.py", "version/version_5.py"
    assert number_in("spinn_machine", spin, "WATTS_PER_IDLE_CHIP") == {
        cost["seconds of a chip"].typical
    }
    assert number_in("spinn_machine", spin, "WATTS_PER_CORE_ACTIVE_OVERHEAD") == {
        cost["seconds of a core"].typical
    }
    (bit,) = number_in("spinn_machine", spin, "JOULES_PER_ROUTER_BIT")
    assert cost["messages"].typical == pytest.approx(40 * bit)
    (idle,) = number_in("spinn_machine", board, "WATTS_FOR_48_CHIP_BOARD_IDLE_COST")
    assert cost["seconds of a chip"].high == pytest.approx(idle / spinnaker.CHIPS)


def test_what_nobody_has_looked_up_is_marked():
    marked = {
        c.what for chip in ("loihi2", "spinnaker") for c in constants(chip) if MARK in c.source
    }
    assert marked == {"neuron updates", "messages"}
    assert MARK in str(energy(loop(20, fan=5, steps=9), sanafe=False))


def test_sana_fe_counts_the_same_work_where_no_delay_needs_relays():
    # two layers in a row, silent at the end, so that both run the same events
    cell = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 1}
    parts = [Population("in", "input", (20,))]
    parts += [Population(name, "lif", (30,), **cell) for name in ("a", "b")]
    r = np.random.default_rng(0)
    wires = []
    for source, target, count in (("in", "a", 20), ("a", "b", 30)):
        pre, post = (x.ravel() for x in np.indices((count, 30)))
        weight = r.integers(0, 300, len(pre)) / 1024
        wires.append(Projection(source, target, pre, post, weight, np.ones(len(pre), int)))
    graph = EventGraph(tuple(parts), tuple(wires), ("b",), 1e-3, hop=1)
    x = (r.random((30, 2, 20)) < 0.2) * 1.0
    x[20:] = 0
    found = energy(with_golden(graph, {"in": x}))
    other, counts = found.sanafe, found.counts
    assert other.relays == 0 and other.without_relays == other.joules["total"]
    assert other.spikes == counts["spikes"] > 200
    assert other.joules["synapse"] == pytest.approx(35.5e-12 * counts["synaptic events"])
    assert other.messages == counts["messages"]
    assert other.joules["network"] == pytest.approx(111e-12 * counts["messages"], rel=0.02)
    somas = found.parts[1].cost
    assert other.joules["soma"] < 72.8e-12 * counts["neuron updates"] + 69.3e-12 * counts["spikes"]
    assert other.joules["soma"] > somas.low * counts["neuron updates"]
    assert found.low < other.joules["total"] < found.high
    assert sum(v for k, v in other.joules.items() if k != "total") == pytest.approx(
        other.joules["total"]
    )


def test_sana_fe_estimates_a_quantised_graph_from_its_very_spikes():
    whole = deploy.quantize(loop(20, fan=5, steps=20, samples=2, delays=3))
    found = energy(whole)
    assert found.sanafe.spikes >= found.counts["spikes"] > 50
    assert found.sanafe.relays > 0
    assert 0 < found.sanafe.without_relays < found.sanafe.joules["total"]
    assert "relay neurons stand in for delays" in str(found)


def test_a_missing_or_unfit_sana_fe_leaves_a_reason(monkeypatch):
    graph = loop(20, fan=5, steps=9, refractory=2)
    assert "population 'x' is refractory" in energy(graph).without_sanafe
    assert energy(graph, "spinnaker").without_sanafe == "it has no model of spinnaker"
    monkeypatch.setattr(find("sanafe"), "missing", lambda: "pip install 'axonal[energy]'")
    text = str(energy(graph))
    assert "SANA-FE's estimate, Loihi 1: none: pip install 'axonal[energy]'" in text


@pytest.mark.parametrize("chip", ["loihi2", "spinnaker"])
def test_every_text_and_figure_says_that_it_is_an_estimate(chip):
    found = energy(loop(20, fan=5, steps=9), chip, sanafe=False)
    assert str(found).startswith("An estimate")
    assert "estimated energy" in found.table()
    assert found.to_json()["estimate"] is True
    ax = Figure().subplots()
    assert deploy.plot_energy(found, ax) is ax
    ax.figure.canvas.draw()
    assert "estimated" in ax.get_xlabel() and "an estimate" in ax.get_title()
    assert all(
        "estimate" in t.get_text() or "constants" in t.get_text()
        for t in ax.get_legend().get_texts()
    )


def test_what_cannot_be_estimated_is_refused():
    graph = loop(20, fan=5, steps=9)
    with pytest.raises(ValueError, match="no energies are known for 'loihi9'; they are for loihi2"):
        energy(graph, "loihi9")
    with pytest.raises(ValueError, match="the placement is on spinnaker, not on loihi2"):
        energy(graph, "loihi2", placement=place(graph, "spinnaker"))
    with pytest.raises(ValueError, match="the placement is of another graph"):
        energy(graph, "loihi2", placement=place(loop(20, fan=5, steps=9), "loihi2"))
    with pytest.raises(ValueError, match="counted on the golden run, and the graph has none"):
        energy(replace(graph, golden=None))
