"""The chips' real numbers, crossed one by one: each says which population, which limit, what to do.

Ranges of single values (weights, exponents, decays, thresholds, biases, delays) are crossed where
the arithmetic is tested, in test_quantize and test_spinnaker; sizes and states are crossed here.
"""

import json

import numpy as np
import pytest
from helpers.event_graphs import with_golden
from helpers.shell import called

from axonal import deploy
from axonal.deploy import EventGraph, Golden, Population, Projection, quantize
from axonal.deploy.chips import spinnaker
from axonal.deploy.placement import limits

CELL = {"decay": 0.5, "gain": 1, "bias": 0, "threshold": 1}


def silent(neurons, pre=(), post=(), sources=1):
    """A graph whose golden run has one step without a spike, so that only its size counts."""
    pre, post = np.asarray(pre, int), np.asarray(post, int)
    wire = Projection("in", "x", pre, post, np.ones(len(pre)), np.ones(len(pre), int))
    parts = (Population("in", "input", (sources,)), Population("x", "lif", (neurons,), **CELL))
    golden = Golden({"in": np.zeros((1, 1, sources))}, {"x": np.zeros((1, 1, neurons), bool)}, {})
    return EventGraph(parts, (wire,), ("x",), dt=1e-3, hop=1, golden=golden)


@pytest.mark.parametrize(
    ("chip", "cores", "neurons", "text"),
    [
        ("loihi2", 120, 8192, "120 cores of 8192, not verified, hold 983040: make it smaller"),
        ("spinnaker", 759, 256, "759 cores of 256 hold 194304: make it smaller"),
    ],
)
def test_more_neurons_than_the_cores_of_a_chip_hold(chip, cores, neurons, text):
    most = cores * neurons
    with pytest.raises(deploy.PlacementError, match=f"population 'x' has {most + 1} .*; {text}"):
        deploy.place(silent(most + 1), chip)


@pytest.mark.parametrize(("chip", "neurons"), [("loihi2", 8192), ("spinnaker", 256)])
def test_a_core_takes_as_many_neurons_as_it_has_and_no_more(chip, neurons):
    assert deploy.place(silent(neurons), chip).cores_used == 1
    assert deploy.place(silent(neurons + 1), chip).cores_used == 2


def test_more_synapses_than_the_memory_of_a_loihi_holds():
    # so many that a core holds 4 neurons, and 120 cores 480
    pre, post = (x.ravel() for x in np.indices((4096, 481)))
    text = (
        "population 'x' takes 23644998 of 23644998 bytes of synapses and neurons; 120 cores of "
        "196608, not verified, hold 23592960: prune"
    )
    with pytest.raises(deploy.PlacementError, match=text):
        deploy.place(silent(481, np.tile(pre, 3), np.tile(post, 3), sources=4096), "loihi2")


def test_a_neuron_with_more_synapses_than_its_part_of_a_chips_memory_holds():
    most = (123469792 // 16 - 8) // 4
    text = (
        f"population 'x': {most + 1} synapses reach neuron 0; the 7716862 bytes of a core, its "
        f"part of 123469792 per chip, suffice for {most}: prune its inputs to {most}"
    )
    with pytest.raises(deploy.PlacementError, match=text):
        deploy.place(silent(1, np.zeros(most + 1, int), np.zeros(most + 1, int)), "spinnaker")
    deploy.place(silent(1, np.zeros(most, int), np.zeros(most, int)), "spinnaker")


def test_a_router_that_more_cores_and_groups_send_to_than_it_has_entries():
    assert limits("spinnaker").router_entries == 1023
    entries = 1022  # and one of the core that they reach, which sends to itself

    def crowd(groups):
        pre = np.arange(groups) * 256
        wires = silent(256, pre, pre % 256, sources=256 * groups).projections
        loop = Projection("x", "x", [0], [0], [1.0], [1])
        graph = silent(256, sources=256 * groups)
        return EventGraph(
            graph.populations, (*wires, loop), ("x",), 1e-3, golden=graph.golden, hop=1
        )

    deploy.place(crowd(entries), "spinnaker")
    text = (
        "population 'in' takes 1023 of 1024 entries of router 0, one for each core, or 256 neurons "
        "outside the chip, that reach it; a router has 1023: make it smaller"
    )
    with pytest.raises(deploy.PlacementError, match=text):
        deploy.place(crowd(entries + 1), "spinnaker")


def test_a_board_has_fewer_cores_than_a_router_has_entries():
    # so that only what comes from outside can fill the table of a router
    assert spinnaker.CORES < spinnaker.ROUTER_ENTRIES


def driven(chip, weight, inputs=600):
    """A neuron that many inputs drive at once, quantised where only one of them ever fires."""
    every = np.arange(inputs)
    wire = Projection("in", "x", every, 0 * every, np.full(inputs, weight), 0 * every)
    parts = (Population("in", "input", (inputs,)), Population("x", "lif", (1,), **CELL))
    graph = EventGraph(parts, (wire,), ("x",), dt=1e-3)
    one = (every == 0) * np.ones((6, 1, 1))
    return quantize(with_golden(graph, {"in": one}), chip)


def too_strong(inputs=600):
    """The same neuron in SpiNNaker's numbers, with weights that only few inputs may use at once."""
    every = np.arange(inputs)
    wire = Projection("in", "x", every, 0 * every, np.full(inputs, 60000.0), 0 * every + 1)
    cell = Population("x", "lif", (1,), decay=0.5, gain=0.5, bias=0, threshold=65535)
    parts = (Population("in", "input", (inputs,)), cell)
    return EventGraph(parts, (wire,), ("x",), 1e-3, hop=1, arithmetic="spinnaker")


@pytest.mark.parametrize(
    ("graph", "text"),
    [
        (
            driven("loihi2", 0.9),
            "population 'x' held .* values too large for loihi2 .in 24 bits currents wrap, "
            "membranes saturate.* quantize on golden inputs with as many events as these",
        ),
        (
            too_strong(),
            "population 'x' held .* values too large for spinnaker .buffers of 16 bits saturate, "
            "numbers of 32 bits wrap",
        ),
    ],
    ids=["loihi2", "spinnaker"],
)
def test_values_that_leave_the_state_of_a_chip_are_told_of(graph, text):
    everything = np.ones((6, 1, 600))
    with pytest.warns(deploy.RangeWarning, match=text) as caught:
        found = deploy.run(graph, everything)
    assert [str(w.message) for w in caught] == list(found.warnings)
    assert "\n" not in found.warnings[0]
    stream = deploy.Stream(graph)
    for x in everything[:, 0]:
        stream.advance({"in": x})
    assert len(stream.warnings) == 1
    assert f"held {found.extra['overflows']['x']} values" in found.warnings[0]


@pytest.mark.parametrize("stream", [True, False])
def test_the_command_line_says_in_one_line_that_values_left_the_range(
    stream, tmp_path, capsys, monkeypatch
):
    graph = driven("loihi2", 0.9)
    graph.save(tmp_path / "graph.h5")
    if stream:
        data = ["--stream", "--data", tmp_path / "events.jsonl"]
        data[2].write_text(json.dumps({"events": list(range(600))}))
    else:
        data = ["--data", tmp_path / "x.npz"]
        np.savez(data[1], x=np.ones((1, 1, 600)))
    done = called(capsys, monkeypatch, "run", tmp_path / "graph.h5", *data)
    assert done.returncode == 0, done.stderr
    assert "axonal: population 'x' held 1 values too large" in done.stderr.splitlines()[0]


def test_golden_inputs_that_stay_in_range_are_told_nothing_of():
    graph = driven("loihi2", 0.9)
    assert deploy.run(graph, graph.golden.inputs).warnings == ()
    assert graph.info["quantization"]["warnings"] == []
    assert "too large" not in deploy.quantization_table(graph)


def test_numbers_that_nobody_has_verified_are_marked():
    assert limits("spinnaker").unverified == set()
    assert limits("loihi2").unverified == {"cores", "neurons", "memory", "axons_in", "axons_out"}
