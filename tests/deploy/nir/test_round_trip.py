"""NIR both ways: the same spikes as the equations and the originals."""

import json
import os
import re
import subprocess

import nir
import numpy as np
import pytest
import torch
from helpers import FUZZ, ROOT, SCRIPTS, needs
from helpers.nir_euler import simulate
from helpers.nir_graphs import DT, chain, fires, foreign, graphs, lif, same
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal import deploy, neuro
from axonal.deploy import EventGraph, Population, from_nir, to_nir
from axonal.deploy.nir.__main__ import table

CASES = 100 if FUZZ else 8


@pytest.mark.slow
@given(graphs(), st.sampled_from(["double", "single"]))
@settings(max_examples=300 if FUZZ else 20, deadline=None)
def test_a_graph_comes_back_from_a_file_with_the_same_spikes(tmp_path_factory, graph, precision):
    file = tmp_path_factory.getbasetemp() / "there_and_back.nir"
    to_nir(graph, file, precision=precision)
    back = from_nir(file)
    x = graph.golden.inputs
    rasters, readout = fires(graph, x)
    rasters_back, readout_back = fires(back, x)
    assert same(rasters, rasters_back) and same(readout, readout_back)
    assert back.outputs == graph.outputs and back.dt == graph.dt and back.info == graph.info
    assert same(back.golden.spikes, rasters)
    for p, q in zip(graph.populations, back.populations, strict=True):
        assert (p.name, p.kind, p.shape, p.reset) == (q.name, q.kind, q.shape, q.reset)
        for name in ("decay", "gain", "bias", "threshold", "synapse_decay"):
            assert np.array_equal(getattr(p, name), getattr(q, name)), name
    nir.read(file)  # which checks the types, as others do


def test_an_input_and_a_population_without_synapses_cross():
    cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=1, threshold=1)
    parts = (Population("a", "input", (2,)), Population("b", "input", (1,)), cell)
    graph = EventGraph(parts, (), ("out",), DT)
    x = {"a": np.zeros((4, 1, 2)), "b": np.zeros((4, 1, 1))}
    written = to_nir(graph)
    assert nir.NIRGraph(written.nodes, written.edges).nodes.keys() == written.nodes.keys()
    assert same(fires(graph, x)[0], fires(from_nir(written), x)[0])


def test_a_trained_network_is_verified_from_its_nir_file(tmp_path):
    torch.manual_seed(0)
    net = neuro.Sequential(
        {
            "delayed": neuro.DelayedLinear(6, 12, max_delay=4),
            "hidden": neuro.LIF(12, 3.0, threshold=0.3),
            "fc": neuro.Linear(12, 8, bias=True),
            "current": neuro.CuBaLIF(8, 4.0, 2.0, threshold=0.3),
            "readout": neuro.LeakyIntegrator(8, 5.0),
        }
    )
    with torch.no_grad():
        net.delayed.weight.abs_()
        net.fc.weight.abs_()
    graph = deploy.export(net, dt=DT)
    to_nir(graph, tmp_path / "net.nir")
    verified = deploy.verify(from_nir(tmp_path / "net.nir"))
    assert verified.passed and verified.spikes == deploy.verify(graph).spikes


@given(foreign(), st.booleans())
@settings(max_examples=300 if FUZZ else 25, deadline=None)
def test_a_foreign_graph_fires_as_its_equations_do(found, at_threshold):
    graph, late, x = found
    wanted = simulate(graph, {"input": x}, 2.0**-10, late, at_threshold)
    run, _ = fires(from_nir(graph, 2.0**-10, at_threshold=at_threshold), x)
    assert set(run) == {name for name in graph.nodes if name[0] == "n"}
    assert {name: int((run[name] != wanted[name]).sum()) for name in run} == dict.fromkeys(run, 0)


def test_the_golden_run_of_the_documents_makes_a_file_of_others_verified_and_placed(
    tmp_path, monkeypatch
):
    weight = np.random.default_rng(0).normal(0.5, 0.5, (3, 2))
    readout = nir.LI(*(np.full(2, value) for value in (4 * DT, 1.0, 0.0)))
    to_read = chain(nir.Linear(weight), lif(3, r=40), nir.Linear(np.ones((2, 3))), readout)
    to_read.nodes["output"] = nir.Output(np.array([2]))
    nir.write(tmp_path / "theirs.nir", to_read)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "deployment.md").read_text(), re.M | re.S
    )
    (code,) = (block for block in blocks if "theirs.nir" in block)
    exec(code, {})
    graph = EventGraph.load("theirs.h5")
    assert set(graph.golden.readout) == set(graph.outputs)
    verified = deploy.verify(graph)
    assert verified.passed and verified.spikes > 100
    whole = deploy.quantize(graph)
    assert deploy.place(whole) and deploy.energy(whole, sanafe=False)


def test_the_table_is_that_of_the_rules():
    assert (ROOT / "docs" / "nir.md").read_text() == table()


def crossed(script, *arguments):
    """What a script says of random networks, in the environment of the peers."""
    needs.require("peers")
    done = subprocess.run(
        [needs.PEERS, SCRIPTS / script, *arguments, str(CASES)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["spikingjelly", "snntorch"])
def test_random_networks_cross_both_ways_with_the_same_spikes(framework):
    drawn = crossed("exchanged_networks.py", framework)
    found = [n for n in drawn if not n.get("undecided")]
    for way in ("in", "out"):
        here = [n for n in found if n["way"] == way]
        assert len(here) > 0.8 * len([n for n in drawn if n["way"] == way])
        assert sum(n["spikes"] for n in here) > 50 * CASES
        assert sum(n["cells"] for n in here) > 1.2 * sum(n["spikes"] for n in here)
    looped = [n for n in drawn if n["way"] == "loops"]
    assert all("entered" in n["refused"] for n in looped if "refused" in n)
    assert len([n for n in looped if n in found]) >= 0.4 * len(looped)
    assert any(n.get("cuba") for n in found)
    assert [n for n in found if n["mismatches"]] == []


@pytest.mark.slow
def test_networks_of_norse_and_sinabs_are_read_with_the_same_spikes():
    found = crossed("exchanged_resets.py")
    assert sum(n["spikes"] for n in found) > 200 * len(found)
    for n in found:
        # a reset to zero, which nir fills in, is not what sinabs means
        assert (n["mismatches"] > 0) == (n["framework"] == "sinabs zero"), n
