"""Graph files: they come back the same or not at all, and damage gets one clear line."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest
from helpers import SRC
from helpers.example_graph import example, same_graph
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal.deploy import EventGraph, GraphError, Population, Projection, run, verify


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32),
    grid=st.sampled_from([8, 2**20, 2**40, 3]),
    synapses=st.sampled_from([0, 1, 80, 400]),
    golden=st.booleans(),
)
def test_a_saved_graph_does_the_same(tmp_path_factory, seed, grid, synapses, golden):
    graph = example(seed, grid, synapses, golden)
    path = tmp_path_factory.mktemp("graph") / "graph.h5"
    graph.save(path)
    same_graph(graph, EventGraph.load(path))


def test_the_file_says_what_it_is_to_any_reader(tmp_path):
    example().save(tmp_path / "graph.h5")
    with h5py.File(tmp_path / "graph.h5") as file:
        assert file.attrs["format"] == b"axonal-event-graph"
        assert (file.attrs["version"], file.attrs["hop"], file.attrs["dt"]) == (3, 0, 0.001)
        assert b"delivers at step t + d" in file.attrs["hop_semantics"]
        assert file.attrs["created_by"].startswith(b"axonal")
        feed = file["projections/0"]
        assert feed["weight"].dtype == np.float32
        assert feed["post"].dtype == feed["delay"].dtype == np.uint8
        assert len(feed["indptr"]) == 7


def test_all_of_a_file_is_under_a_checksum(tmp_path):
    example().save(tmp_path / "graph.h5")
    assert (tmp_path / "graph.h5").read_bytes()[8] == 3  # the version with checked metadata
    with h5py.File(tmp_path / "graph.h5") as file:
        unchecked = file.visititems(lambda _, x: not getattr(x, "fletcher32", True) or None)
    assert unchecked is None


def test_a_file_of_version_2_is_read(tmp_path):
    graph = example()
    old = [p for p in graph.populations if p.kind != "cuba"]
    wires = [q for q in graph.projections if q.target != "net.cuba"]
    graph = replace(graph, populations=tuple(old), projections=tuple(wires), golden=None)
    graph.save(tmp_path / "old.h5")
    change(tmp_path / "old.h5", lambda f: note(f, "version", 2))
    x = np.random.default_rng(1).random((30, 2, 6)).round(2)
    again = run(EventGraph.load(tmp_path / "old.h5"), x)
    np.testing.assert_array_equal(again.readout["out"], run(graph, x).readout["out"])


def test_weights_that_single_precision_would_change_are_stored_in_double(tmp_path):
    example(grid=2**40).save(tmp_path / "graph.h5")
    with h5py.File(tmp_path / "graph.h5") as file:
        assert file["projections/0/weight"].dtype == np.float64


def test_a_synapse_takes_at_most_twelve_bytes(tmp_path):
    r, count = np.random.default_rng(0), 200_000
    pre, post = r.integers(0, 2000, (2, count))
    weight, delay = r.integers(-(2**20), 2**20, count) / 2**20, r.integers(1, 60, count)
    cell = Population("x", "lif", (2000,), decay=0.9, gain=1, bias=0, threshold=1)
    wire = Projection("x", "x", pre, post, weight, delay)
    EventGraph((Population("in", "input", (1,)), cell), (wire,), ("x",), 1.0).save(tmp_path / "g")
    assert (tmp_path / "g").stat().st_size / count < 12


def test_saving_replaces_a_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "graph.h5"
    example(0).save(path)
    example(1).save(path)
    same_graph(EventGraph.load(path), example(1))
    assert os.listdir(tmp_path) == ["graph.h5"]


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "graph.h5"
    example(0).save(path)

    def broken(*_):
        raise OSError("no space left")

    monkeypatch.setattr("axonal.deploy.graph.hdf5._write_golden", broken)
    with pytest.raises(OSError, match="no space left"):
        example(1).save(path)
    same_graph(EventGraph.load(path), example(0))
    assert os.listdir(tmp_path) == ["graph.h5"]


@pytest.mark.slow
def test_a_process_killed_while_writing_leaves_a_whole_file(tmp_path):
    path, script = tmp_path / "graph.h5", tmp_path / "write.py"
    example(0).save(path)
    script.write_text(
        textwrap.dedent(
            """
            import sys
            from axonal.deploy import EventGraph
            graph = EventGraph.load(sys.argv[1])
            print("ready", flush=True)
            while True:
                graph.save(sys.argv[1])
            """
        )
    )
    source = SRC
    search = os.pathsep.join([str(source), *sys.path])
    half_written = 0
    for delay in (0.0, 0.011, 0.023, 0.037):
        with subprocess.Popen(
            [sys.executable, str(script), str(path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": search},
        ) as process:
            assert process.stdout.readline() == b"ready\n"
            while not list(tmp_path.glob(".graph.h5.*.part")):
                assert process.poll() is None
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
        half_written += bool(list(tmp_path.glob(".graph.h5.*.part")))
        same_graph(EventGraph.load(path), example(0))
    assert half_written


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_still_right(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    whole = folder / "whole.h5"
    if not whole.exists():
        example().save(whole)
    content = bytearray(whole.read_bytes())
    if data.draw(st.booleans(), "cut"):
        content = content[: data.draw(st.integers(0, len(content) - 1), "length")]
    else:
        flips = st.tuples(st.integers(0, len(content) - 1), st.integers(1, 255))
        for place, mask in data.draw(st.lists(flips, min_size=1, max_size=8), "flips"):
            content[place] ^= mask
    path = folder / "damaged.h5"
    path.write_bytes(content)
    try:
        found = EventGraph.load(path)
    except GraphError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
    else:
        assert verify(found).passed


def change(path, what):
    with h5py.File(path, "r+") as file:
        what(file)


def note(owner, name, value):
    owner.attrs[name] = value


def put(file, name, values):
    del file[name]
    file[name] = values


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (lambda f: note(f, "version", 8), "version 8; this axonal reads up to 7: upgrade"),
        (lambda f: note(f, "version", 4), "the text field readout is missing"),
        (lambda f: note(f, "version", 0), "version 0 with hop 0 is unknown"),
        (lambda f: note(f, "hop", 1), "but a hop of this graph takes at least 1"),
        (lambda f: note(f, "format", "nir"), "an HDF5 file, but no axonal event graph"),
        (lambda f: f.attrs.pop("dt"), "the number dt is missing"),
        (lambda f: note(f, "dt", np.nan), "the number dt is missing"),
        (lambda f: note(f, "dt", -1.0), "dt must be a positive number"),
        (lambda f: note(f, "outputs", "{"), "is not JSON"),
        (lambda f: note(f, "outputs", '"out"'), "outputs must be a list of names"),
        (lambda f: note(f, "outputs", '["up"]'), "output 'up' is no population"),
        (lambda f: f.pop("info"), "the field info is missing"),
        (lambda f: f.pop("populations"), "the group populations is missing"),
        (lambda f: f.pop("populations/1"), "numbered from 0, 1 is missing"),
        (lambda f: f.pop("populations/2/decay"), "the field decay is missing"),
        (lambda f: f["populations/2"].attrs.pop("shape"), "the field shape is missing"),
        (lambda f: note(f["populations/2"], "kind", "lstm"), "unknown kind 'lstm'"),
        (lambda f: note(f["populations/2"], "name", "in"), "'in' appears twice"),
        (lambda f: note(f["populations/2"], "refractory", 1.5), "must be a whole number"),
        (lambda f: f.pop("populations/3/synapse_decay"), "the field synapse_decay is missing"),
        (lambda f: put(f, "populations/2/gain", np.ones(5)), "gain has 5 values, expected 12"),
        (lambda f: put(f, "projections/0/post", np.full(80, 99, "u1")), "is 99, but net.hidden"),
        (lambda f: put(f, "projections/0/delay", np.full(80, -1)), "unexpected .* of int64"),
        (lambda f: put(f, "projections/0/weight", np.full(80, np.nan)), "weight of synapse 0 is"),
        (lambda f: put(f, "projections/0/weight", np.ones(7)), "flat arrays of one length"),
        (lambda f: put(f, "projections/0/indptr", np.zeros(7, "u1")), "indptr must rise from 0"),
        (lambda f: put(f, "projections/0/indptr", np.array([0, 80], "u1")), "indptr must rise"),
        (lambda f: f["projections/0"].attrs.pop("source"), "the text field source is missing"),
        (
            lambda f: f.pop("golden/spikes/1"),
            "golden spikes are of .*; expected net.cuba, net.hidden",
        ),
        (lambda f: note(f["golden"], "steps", 19), "golden spikes|inputs .* cells"),
        (lambda f: note(f["golden"], "steps", 0), "are empty"),
        (lambda f: f["golden/spikes/0"].attrs.pop("packed"), "the number packed is missing"),
    ],
)
def test_a_file_that_is_whole_but_wrong_gets_one_clear_line(tmp_path, what, text):
    path = tmp_path / "graph.h5"
    example().save(path)
    change(path, what)
    with pytest.raises(GraphError, match=text) as caught:
        EventGraph.load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_files_that_are_no_graph_are_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a graph")
    with pytest.raises(GraphError, match="is no event graph: it is not an HDF5 file"):
        EventGraph.load(path)
    with pytest.raises(GraphError, match=str(tmp_path)):
        EventGraph.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no graph file"):
        EventGraph.load(tmp_path / "gone.h5")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        example().save(tmp_path / "gone" / "graph.h5")
