"""Networks of one's own: a readout rule in the graph, and the shell from export to score."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import ROOT
from helpers.event_graphs import with_golden

from axonal import cli, deploy, neuro
from axonal.deploy import EventGraph, ExportError, GraphError, Population, Projection

RULES = ("max", "mean", "last", "first-spike")


def network(fires=False, graded=False):
    """Two hidden layers and an output of five classes."""
    torch.manual_seed(3)
    end = neuro.LeakyIntegrator(5, 8.0)
    if fires or graded:
        kind = neuro.GradedLIF if graded else neuro.LIF
        end = kind(5, threshold=0.2, reset="zero")
    return neuro.Sequential(
        {
            "delays": neuro.DelayedLinear(12, 16, 4),
            "hidden": neuro.LIF(16, 6.0, threshold=0.3, reset="zero"),
            "weights": neuro.Linear(16, 5),
            "out": end,
        }
    )


def data(samples=9, steps=30):
    r = np.random.default_rng(0)
    x = (r.random((steps, samples, 12)) < 0.4).astype(np.float32)
    return x, r.integers(0, 5, samples), r.integers(3, steps + 1, samples)


def exported(rule, **kind):
    return deploy.export(network(**kind), 1e-3, inputs=torch.from_numpy(data()[0]), readout=rule)


def by_torch(net, rule, x, lengths):
    """Classes as one would find them in torch, sample by sample."""
    with torch.no_grad():
        y, _ = net.double().eval()(torch.from_numpy(x).double())
    found = []
    for b, end in enumerate(lengths):
        own = y[:end, b]
        scores = {
            "max": own.amax(0),
            "mean": own.mean(0),
            "last": own[-1],
            "first-spike": -((own != 0).cumsum(0) == 0).sum(0),
        }[rule]
        silent = rule == "first-spike" and not own.any()
        found.append(-1 if silent else int(scores.argmax()))
    return np.array(found)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        *((rule, {}) for rule in RULES[:3]),
        *((rule, {"fires": True}) for rule in RULES),
        *((rule, {"graded": True}) for rule in ("max", "first-spike")),
    ],
)
def test_a_graph_is_scored_as_its_network_is(rule, kind):
    x, y, lengths = data()
    graph, net = exported(rule, **kind), network(**kind)
    found = deploy.run(graph, x)
    for given in (None, lengths):
        wanted = by_torch(net, rule, x, [len(x)] * 9 if given is None else given)
        np.testing.assert_array_equal(deploy.classify(graph, found, given), wanted)
        assert deploy.score(graph, found, y, given) == (wanted == y).mean()
    if rule != "max" or not kind.get("fires"):  # where all have fired, all are equal
        assert len(set(wanted.tolist())) > 1


def test_a_sample_without_a_spike_has_no_class():
    cell = Population("out", "lif", (3,), decay=0.5, gain=1, bias=0, threshold=1)
    parts = (Population("in", "input", (3,)), cell)
    graph = EventGraph(parts, (), ("out",), 1e-3, readout="first-spike")
    silent = deploy.run(graph, np.zeros((5, 2, 3)))
    assert deploy.classify(graph, silent).tolist() == [-1, -1]
    assert deploy.score(graph, silent, [0, 1]) == 0


def test_the_rule_survives_all_that_is_made_of_a_graph(tmp_path):
    graph = exported("last")
    graph.save(tmp_path / "graph.h5")
    made = {
        "read again": EventGraph.load(tmp_path / "graph.h5"),
        "retimed": deploy.retime(graph),
        "from NIR": deploy.from_nir(deploy.to_nir(graph)),
        "fine-tuned": deploy.fake_quantize(graph).graph(),
    }
    deploy.to_nir(graph, tmp_path / "graph.nir")
    made["from a NIR file"] = deploy.from_nir(tmp_path / "graph.nir")
    for chip in ("loihi2", "spinnaker"):
        made[chip] = deploy.quantize(graph, chip)
        made[chip].save(tmp_path / f"{chip}.h5")
        made[f"{chip} read again"] = EventGraph.load(tmp_path / f"{chip}.h5")
    assert {name: g.readout for name, g in made.items()} == dict.fromkeys(made, "last")
    assert "outputs: out, read by last" in graph.summary()
    assert deploy.from_nir(deploy.to_nir(replace(graph, readout=None))).readout is None


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            "first-spike",
            "'first-spike' needs an output that fires, and 'out' is an integrator: read",
        ),
        ("softmax", "unknown readout 'softmax', known are max, mean, last, first-spike"),
        (3, "unknown readout 3"),
    ],
)
def test_a_rule_that_cannot_score_is_refused(rule, text):
    with pytest.raises(ExportError, match=text) as caught:
        exported(rule)
    assert "\n" not in str(caught.value)
    with pytest.raises(GraphError, match=text):
        replace(exported(None), readout=rule)


def test_a_rule_scores_one_output():
    cells = [Population(n, "lif", (2,), decay=0.5, gain=1, bias=0, threshold=1) for n in "ab"]
    parts = (Population("in", "input", (2,)), *cells)
    with pytest.raises(GraphError, match="'mean' scores one output, and there are 2: a, b"):
        EventGraph(parts, (), ("a", "b"), 1e-3, readout="mean")
    with pytest.raises(ValueError, match=r"carries no readout rule: write export\(net, dt, read"):
        deploy.classify(*(lambda g: (g, deploy.run(g, np.ones((2, 1, 2)))))(
            EventGraph(parts, (), ("a", "b"), 1e-3)
        ))  # fmt: skip


@pytest.fixture
def axonal(monkeypatch, capsys):
    """The command line in this process: exit code, stdout, stderr."""

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["axonal", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_the_shell_goes_from_a_graph_to_a_score_on_a_chip(axonal, tmp_path):
    x, y, lengths = data()
    graph = exported("mean")
    graph.save(tmp_path / "own.h5")
    np.savez(tmp_path / "own.npz", x=x, y=y, lengths=lengths)
    code, out, err = axonal("quantize", tmp_path / "own.h5", "--chip", "loihi2")
    assert (code, err) == (0, "")
    assert f"written to {tmp_path / 'own-loihi2.h5'}" in out
    assert "read by mean" in out
    for name, backend in (("own.h5", "reference"), ("own-loihi2.h5", "reference")):
        loaded = EventGraph.load(tmp_path / name)
        found = deploy.run(loaded, x)
        words = ("--data", tmp_path / "own.npz", "--backend", backend, "--out", tmp_path / "y.npz")
        code, out, err = axonal("run", tmp_path / name, *words, "--json")
        answer = json.loads(out)
        assert (code, err) == (0, "")
        assert answer["accuracy"] == deploy.score(loaded, found, y, lengths)
        assert answer["classes"] == deploy.classify(loaded, found, lengths).tolist()
        with np.load(tmp_path / "y.npz") as written:
            assert written["classes"].tolist() == answer["classes"]
    code, out, _ = axonal("quantize", tmp_path / "own.h5", "--chip", "spinnaker", "--json")
    assert [name.rsplit("-", 1)[1] for name in json.loads(out)["files"]][:2] == [
        "spinnaker.h5", "spinnaker.py",
    ]  # fmt: skip
    assert json.loads(out)["readout"] == "mean"


@pytest.mark.slow
def test_every_line_of_the_guide_for_a_network_of_ones_own_runs(axonal, tmp_path, monkeypatch):
    text = (ROOT / "docs" / "deployment.md").read_text()
    part = text.split("\n## A network of your own")[1].split("\n## Events as they come")[0]
    python, shell = (re.findall(rf"```{kind}\n(.*?)```", part, re.S) for kind in ("python", "bash"))
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-W", "error", "-c", "\n".join(python)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reached = re.findall(r"^(float64|loihi2) (\S+)$", done.stdout, re.M)
    assert [name for name, _ in reached] == ["float64", "loihi2"]
    assert min(float(value) for _, value in reached) > 0.8
    for line in "".join(shell).splitlines():
        name, *words = line.split("#")[0].split()
        assert name == "axonal"
        code, out, err = axonal(*words)
        assert (code, err) == (0, ""), (line, err)
        if "own-loihi2.h5 --data" in line:
            assert str(json.loads(out)["accuracy"]) == reached[1][1]


def test_data_of_several_inputs_have_their_names(axonal, tmp_path):
    cell = Population("out", "lif", (2,), decay=0.5, gain=1, bias=0, threshold=1)
    sources = [Population(name, "input", (2,)) for name in ("left", "right")]
    wires = [Projection(p.name, "out", [0, 1], [0, 1], [1.0, 1.0], [0, 0]) for p in sources]
    graph = EventGraph((*sources, cell), wires, ("out",), 1e-3, readout="first-spike")
    graph.save(tmp_path / "two.h5")
    one = np.array([[[0, 1.0], [1, 0]]])
    np.savez(tmp_path / "two.npz", left=one, right=0 * one, y=[1, 1])
    answer = json.loads(
        axonal("run", tmp_path / "two.h5", "--data", tmp_path / "two.npz", "--json")[1]
    )
    assert (answer["classes"], answer["accuracy"]) == ([1, 0], 0.5)
    np.savez(tmp_path / "one.npz", x=one)
    code, _, err = axonal("run", tmp_path / "two.h5", "--data", tmp_path / "one.npz")
    assert code == 2
    assert "holds x: unknown x; expected left [T, B, N], right [T, B, N]" in err


def test_what_quantize_and_run_cannot_do_is_one_line(axonal, tmp_path):
    x, y, _ = data()
    graph = exported(None)
    graph.save(tmp_path / "own.h5")
    replace(graph, golden=None).save(tmp_path / "bare.h5")
    deploy.quantize(graph).save(tmp_path / "whole.h5")
    np.savez(tmp_path / "own.npz", x=x, y=y)
    np.savez(tmp_path / "named.npz", x=x, targets=y)
    own = tmp_path / "own.h5"
    for words, text in (
        (("quantize", own, "--chip", "loihi3"), "unknown chip 'loihi3'; known are loihi2, spinn"),
        (
            ("quantize", tmp_path / "bare.h5"),
            "calibrates on the golden run, and the graph has none",
        ),
        (("quantize", tmp_path / "whole.h5"), "the graph is quantised for loihi2 already"),
        (("quantize", tmp_path / "none.h5"), "there is no graph file"),
        (("quantize", "digits"), "'hidden' has reset 'subtract'"),
        (("quantize", own, "--out", tmp_path / "no" / "x.h5"), "there is no folder"),
        (("run", own, "--data", tmp_path / "own.npz"), "names no readout rule, so nothing can be"),
        (("run", own, "--data", tmp_path / "named.npz"), "unknown targets; expected x [T, B, N]"),
    ):
        code, out, err = axonal(*words)
        assert (code, out, err.count("\n")) == (2, "", 1), (words, err)
        assert text in err


@pytest.mark.parametrize("x", [torch.full((20, 2, 12), 3.0), torch.full((20, 2, 12), 0.5)])
def test_export_warns_of_events_that_most_back_ends_refuse(x):
    with pytest.warns(UserWarning, match=r"other values than 0 and 1 \(x up to") as caught:
        graph = deploy.export(network(), 1e-3, inputs=x)
    (line,) = [str(w.message) for w in caught]
    refused = line.split("graded events: ")[1].split(" and every graph")[0].split(", ")
    assert "clamp(max=1)" in line
    assert "brian2" in refused
    assert not {"reference", "nest"} & set(refused)
    with pytest.raises(ValueError, match="has events of other values than 1"):
        deploy.run(graph, x, backend="brian2")


def test_a_count_is_as_many_spikes_in_channels_of_their_own():
    """What docs/deployment.md shows for counts above 1."""
    counts = np.random.default_rng(0).integers(0, 4, (30, 2, 6))
    once = np.concatenate([counts > k for k in range(3)], axis=-1) * 1.0
    every = np.arange(18)
    cell = Population("out", "lif", (6,), decay=0.5, gain=1, bias=0, threshold=1)
    wide = Projection("in", "out", every, every % 6, np.full(18, 0.25), 0 * every)
    narrow = Projection("in", "out", every[:6], every[:6], np.full(6, 0.25), 0 * every[:6])
    graphs = [
        EventGraph((Population("in", "input", (n,)), cell), (q,), ("out",), 1e-3)
        for n, q in ((6, narrow), (18, wide))
    ]
    few, many = (deploy.run(g, x) for g, x in zip(graphs, (counts, once), strict=True))
    np.testing.assert_array_equal(few.raster("out"), many.raster("out"))
    assert with_golden(graphs[1], {"in": once}).golden.spikes["out"].any()
