"""sPyNNaker's virtual board, run for real: what it is given is read back, no spike claimed."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from helpers.event_graphs import loop, with_golden
from helpers.spinnaker_graphs import whole

from axonal import deploy, recipes
from axonal.deploy import EventGraph, Population, Projection, quantize, run, verify
from axonal.deploy.backends import _pynn, find
from axonal.deploy.backends.spinnaker import CONFIGURATION
from axonal.deploy.chips import spinnaker as chip
from axonal.deploy.executor.request import Request


@pytest.fixture(scope="module")
def hard_digits(hard_reset_run):
    return quantize(recipes.export_run(hard_reset_run, samples=16), "spinnaker")


@pytest.mark.slow
def test_the_virtual_board_takes_the_digits_and_their_weights_are_read_back_equal(hard_digits):
    found = verify(hard_digits, ("reference", "spinnaker"))
    assert found.passed, str(found)
    compared = [c for c in found.comparisons if c.backend == "spinnaker"]
    synapses = sum(q.size for q in hard_digits.projections)
    for what in ("weights", "delays"):
        assert sum(c.cells for c in compared if c.what == what) == synapses > 9000
    assert all(c.mismatches == 0 and c.deviation == 0 and c.spikes is None for c in compared)
    assert found.loaded == {"spinnaker": synapses}
    golden = sum(int(x.sum()) for x in hard_digits.golden.spikes.values())
    assert found.spikes == golden  # of the reference alone
    assert "executes nothing, no spike compared" in str(found)


def test_a_board_that_executes_nothing_is_no_proof_by_itself(monkeypatch):
    graph = whole(1)
    board = find("spinnaker")
    monkeypatch.setattr(board, "run", lambda g, x, r: replace(EMPTY, written=g.projections))
    found = verify(graph, ("spinnaker",))
    assert not found.passed
    assert found.spikes == 0
    assert "no spike was compared: spinnaker executes nothing; name a back end" in str(found)
    with pytest.raises(ValueError, match=r"'spinnaker' maps a graph .*, which executes nothing"):
        run(graph, graph.golden.inputs, backend="spinnaker")


EMPTY = deploy.Run(30, 1, {}, {}, {}, None, None)


def filling(cores):
    """A graph that takes so many cores: one of an input, the others of two neurons each."""
    every = np.arange(2 * (cores - 1))
    delay = np.where(every == 0, chip.DELAYS[1], 1)
    wire = Projection("in", "x", 0 * every, every, np.full(len(every), 2.0), delay)
    cell = Population("x", "lif", (len(every),), decay=0.5, gain=0.5, bias=0, threshold=1)
    parts = (Population("in", "input", (1,)), cell)
    graph = EventGraph(parts, (wire,), ("x",), dt=1e-3, hop=1, arithmetic="spinnaker")
    return with_golden(graph, {"in": np.ones((3, 1, 1))})


@pytest.mark.slow
def test_the_virtual_board_has_as_many_cores_as_a_graph_may_take(monkeypatch):
    found = verify(filling(chip.CORES), ("reference", "spinnaker"))
    assert found.passed, str(found)
    assert found.loaded == {"spinnaker": 2 * (chip.CORES - 1)}
    monkeypatch.setattr(chip, "CORES", chip.CORES + 1)
    found = verify(filling(chip.CORES), ("spinnaker",))
    assert "PacmanPlaceException" in str(found), str(found)


@pytest.mark.parametrize(
    ("field", "by", "what"), [("weight", 2.0**-9, "weights"), ("delay", 1, "delays")]
)
def test_one_synapse_that_is_read_back_otherwise_is_found(field, by, what, monkeypatch):
    graph = whole(1)

    def other(g, inputs, request):
        values = getattr(g.projections[1], field).copy()
        values[7] += by
        wires = list(g.projections)
        wires[1] = replace(wires[1], **{field: values})
        return replace(EMPTY, written=tuple(wires))

    monkeypatch.setattr(find("spinnaker"), "run", other)
    found = verify(graph, ("reference", "spinnaker"))
    assert not found.passed
    assert f"spinnaker: {what} of x -> x that were read back differ in " in str(found)


@pytest.mark.slow
def test_what_is_read_back_is_what_was_written_and_not_what_was_given(monkeypatch):
    graph, network = whole(1, exponent=-9), _pynn.network

    def between(g, inputs):
        arrays = network(g, inputs)
        weight = arrays["projections.1.weight"].copy()
        weight[3] += 0.3 * 2.0**-9  # the buffers have no such weight
        return {**arrays, "projections.1.weight": weight}

    monkeypatch.setattr(_pynn, "network", between)
    assert verify(graph, ("reference", "spinnaker")).passed
    monkeypatch.setattr(
        _pynn,
        "network",
        lambda g, x: {**network(g, x), "projections.1.weight": 2 * graph.projections[1].weight},
    )
    assert "weights of x -> x that were read back differ" in str(verify(graph, ("spinnaker",)))


@pytest.mark.slow
def test_the_longest_delays_are_mapped_and_read_back_and_the_home_of_the_user_is_left_alone(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))

    def cells(name, size):
        return Population(name, "lif", (size,), decay=0.5, gain=0.5, bias=0, threshold=2.0**-10)

    def wire(target, size, longest, sign):
        weight = sign * (1.0 + np.arange(size)) / 2**10
        delay = np.linspace(1, longest, size).astype(int)
        return Projection("in", target, np.arange(size), np.arange(size), weight, delay, -10)

    # one source, and targets whose delays want cores of 256, 16 and 2 neurons
    wires = (wire("x", 300, 32, 1), wire("y", 40, 288, -1), wire("z", 2, 4096, 1))
    parts = (Population("in", "input", (300,)), cells("x", 300), cells("y", 40), cells("z", 2))
    graph = EventGraph(parts, wires, ("x",), dt=1e-3, hop=1, arithmetic="spinnaker")
    graph = with_golden(graph, {"in": (np.arange(300) < 5) * np.ones((40, 1, 1))})
    found = verify(graph, ("reference", "spinnaker"))
    assert found.passed, str(found)
    assert found.loaded == {"spinnaker": 342}
    assert list(tmp_path.iterdir()) == []


def test_a_hung_board_is_stopped_and_named(tmp_path, monkeypatch):
    hangs = tmp_path / "hangs.py"
    hangs.write_text("import time\ntime.sleep(600)")
    monkeypatch.setattr(_pynn, "SCRIPT", hangs)
    found = verify(whole(1), ("spinnaker", "reference"), timeout=1)
    assert not found.passed
    assert found.failures == ("spinnaker did not answer within 1 s and was stopped",)


def test_a_board_that_fails_says_why_in_one_line(tmp_path, monkeypatch):
    fails = tmp_path / "fails.py"
    fails.write_text("raise RuntimeError('no chip is left')")
    monkeypatch.setattr(_pynn, "SCRIPT", fails)
    with pytest.raises(deploy.BackendError) as caught:
        find("spinnaker").run(whole(1), {"in": np.zeros((3, 1, 12))}, Request())
    line = "spinnaker failed (exit code 1): RuntimeError: no chip is left"
    assert str(caught.value) == line


@pytest.mark.slow
def test_the_script_for_a_board_needs_no_axonal_and_compares(tmp_path):
    graph = whole(2)
    script, data = deploy.pynn_script(graph, tmp_path / "board.py")
    (tmp_path / ".spynnaker.cfg").write_text(CONFIGURATION)

    def start():
        environment = {**os.environ, "HOME": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-I", str(script)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    result = start()
    assert result.returncode == 0, result.stderr
    synapses = sum(q.size for q in graph.projections)
    assert f"{synapses} weights and delays read back equal" in result.stdout
    assert "a virtual board executes nothing: no spike was compared" in result.stdout
    assert "axonal" not in "".join(
        line for line in script.read_text().splitlines() if "import" in line
    )
    arrays = dict(np.load(data))
    arrays["projections.1.weight"] = arrays["projections.1.weight"] * 1.0001
    np.savez(data, **arrays)
    changed = start()
    assert changed.returncode == 1
    assert "weights or delays of x -> x differ" in changed.stdout


class Cells:
    """What a board would have recorded of a population."""

    def __init__(self, spikes=(), v=()):
        self.found = {"spikes": spikes, "v": v}

    def spinnaker_get_data(self, name):
        return np.array(self.found[name], float)


def test_the_script_compares_the_spikes_and_readouts_of_a_board(tmp_path):
    graph = whole(2)
    script, data = deploy.pynn_script(graph, tmp_path / "board.py")
    spec = importlib.util.spec_from_file_location("board", script)
    board = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(board)
    network = board.SpiNNakerNetwork(data)
    golden, v = graph.golden.spikes["x"][:, 0], graph.golden.readout["out"][:, 0]
    spikes = [(n, t + board.START) for t, n in np.argwhere(golden)]
    # a membrane is recorded before it is updated
    rows = [(n, t + board.START + 1, v[t, n]) for t in range(30) for n in range(3)]
    equal = [None, Cells(spikes), Cells(v=rows)]
    assert board.compare(network, equal, 0) == (golden.sum(), [])
    _, lines = board.compare(network, [None, Cells(spikes[1:]), Cells(v=rows)], 0)
    t, n = np.argwhere(golden)[0]
    assert lines == [
        f"'x' differs in 1 of {golden.size} cells of sample 0, first at step {t}, neuron {n}"
    ]
    rows[4] = (*rows[4][:2], rows[4][2] + 2.0**-15)
    _, lines = board.compare(network, [None, Cells(spikes), Cells(v=rows)], 0)
    assert lines == ["'out' differs in 1 of 90 cells of sample 0, first at step 1, neuron 1"]


def test_a_graph_in_floating_point_is_not_mapped():
    found = verify(loop(), ("spinnaker",))
    text = (
        "cannot run this graph: the graph is in float64; quantize(graph, 'spinnaker') or axonal "
        "export RUN --target spinnaker makes one that it takes"
    )
    assert text in str(found)
