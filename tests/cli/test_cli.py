"""Commands on runs and graphs: what they print, and how they fail."""

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path

import nir
import numpy as np
import pytest
from helpers import ROOT, needs
from helpers.nir_layouts import write
from helpers.shell import ENV, Axonal, Refused, process

from axonal.cli import info
from axonal.deploy import EventGraph, Population, backends
from axonal.recipes import digits


@pytest.mark.slow
def test_train_export_run_and_verify_work_one_after_another(axonal: Axonal, tmp_path: Path) -> None:
    trained = process("train", "digits", "--epochs", "1", "--seed", "2", cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    assert "test accuracy" in trained.stdout
    assert "epochs" in trained.stderr
    exported = axonal("export", "runs/digits", "--target", "graph", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    verified = axonal("verify", "runs/digits/graph.h5", "--backends", "reference", cwd=tmp_path)
    assert verified.returncode == 0, verified.stderr
    assert "0 mismatches" in verified.stdout
    ran = axonal("run", "runs/digits/graph.h5", "--data", "digits", "--json", cwd=tmp_path)
    summary = json.loads((tmp_path / "runs/digits/summary.json").read_text())
    assert summary["seed"] == 2
    assert json.loads(ran.stdout)["accuracy"] == pytest.approx(summary["test_accuracy"], abs=0.01)


def test_export_and_info_answer_in_json(axonal: Axonal, run: Path, tmp_path: Path) -> None:
    exported = json.loads(axonal("export", run, "--out", tmp_path / "g.h5", "--json").stdout)
    assert exported["info"]["recipe"] == "digits"
    assert exported["max_delay"] <= 8
    answer = json.loads(axonal("info", "--json").stdout)
    assert answer["backends"]["reference"]["found"]
    assert answer["core"]["torch"]


@pytest.mark.slow
def test_a_quantised_network_is_exported_run_and_verified(
    axonal: Axonal, hard_reset_run, tmp_path: Path
) -> None:
    file = tmp_path / "loihi2.h5"
    exported = axonal("export", hard_reset_run, "--target", "loihi2", "--out", file)
    assert "rounded to zero" in exported.stdout, exported.stderr
    needs.require("lava")
    verified = axonal("verify", file, "--backends", "reference,lava")
    assert verified.returncode == 0, verified.stdout
    assert "0 mismatches" in verified.stdout
    priced = axonal("energy", file, "--no-sanafe")
    assert priced.stdout.startswith("An estimate for loihi2")
    other = axonal("verify", file, "--backends", "nest")
    assert other.returncode == 1
    assert "nest: cannot run this graph: the graph is quantised for loihi2" in other.stdout


def test_a_network_is_exported_as_nir_and_verified_placed_and_run_from_the_file(
    axonal: Axonal, hard_reset_run, tmp_path: Path
) -> None:
    file = tmp_path / "net.nir"
    exported = axonal("export", hard_reset_run, "--target", "nir", "--out", file)
    assert f"written to {file}" in exported.stdout, exported.stderr
    verified = axonal("verify", file, "--backends", "reference")
    assert verified.returncode == 0, verified.stdout
    assert "0 mismatches" in verified.stdout
    ran = axonal("run", file, "--data", "digits", "--json")
    assert json.loads(ran.stdout)["accuracy"] > 0.5, ran.stderr
    assert axonal("place", file).returncode == 0


def test_a_nir_file_of_another_framework_is_imported(
    axonal: Axonal, refused: Refused, tmp_path: Path
) -> None:
    nodes = {
        "in": nir.Input(np.array([2])),
        "fc": nir.Linear(np.eye(2)),
        "lif": nir.LIF(*(np.full(2, x) for x in (2e-4, 1.0, 0.0, 1.0))),
        "out": nir.Output(np.array([2])),
    }
    edges = [("in", "fc"), ("fc", "lif"), ("lif", "out")]
    nir.write(tmp_path / "net.nir", nir.NIRGraph(nodes, edges))
    assert "does not say its time step" in refused("import", tmp_path / "net.nir")
    assert "tau is 0.0002 s, shorter" in refused("import", tmp_path / "net.nir", "--dt", "1")
    second = {**nodes, "fc": nir.Threshold(np.ones(2)), "lif": nir.CubaLI(*(np.ones(2),) * 4)}
    nir.write(tmp_path / "two.nir", nir.NIRGraph(second, edges))
    line = refused("import", tmp_path / "two.nir", "--dt", "1")
    assert "cannot be imported: node 'fc' is of type Threshold" in line
    assert "; node 'lif' is of type CubaLI" in line and " - " not in line
    made = axonal("import", tmp_path / "net.nir", "--dt", "1e-4", "--json")
    assert json.loads(made.stdout)["populations"] == {"in": 2, "lif": 2}, made.stderr
    assert EventGraph.load(tmp_path / "net.h5").population("lif").decay.tolist() == [0.5, 0.5]
    older = write(tmp_path / "old.nir", nir.NIRGraph(nodes, edges), "1.0.4")
    assert "no v_reset in 'lif'" in refused("import", older, "--dt", "1e-4")
    made = axonal("import", older, "--dt", "1e-4", "--reset", "subtract")
    assert made.returncode == 0, made.stderr
    assert EventGraph.load(tmp_path / "old.h5").population("lif").reset == "subtract"


@pytest.mark.slow
def test_a_network_for_spinnaker_is_exported_with_a_script_and_mapped(
    axonal: Axonal, refused: Refused, hard_reset_run, tmp_path: Path
) -> None:
    file = tmp_path / "chip.h5"
    exported = axonal("export", hard_reset_run, "--target", "spinnaker", "--out", file)
    assert "rounded to zero" in exported.stdout, exported.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"chip.h5", "chip.py", "chip.npz"}
    needs.require("spinnaker")
    verified = axonal("verify", file, "--backends", "reference,spinnaker")
    assert verified.returncode == 0, verified.stdout
    assert "weights and delays read back equal; executes nothing" in verified.stdout
    placed = axonal("place", file)
    assert placed.stdout.startswith("spinnaker: 1 of 759 cores"), placed.stderr
    line = refused("run", file, "--data", "digits", "--backend", "spinnaker")
    assert "executes nothing" in line


def test_info_names_back_ends_that_are_missing_and_what_installs_them(monkeypatch) -> None:
    for name, command in (("lava", "make lava"), ("nest", r"pip install 'axonal[deploy]'")):
        monkeypatch.setattr(backends.find(name), "missing", lambda command=command: command)
    answer = info.collect()["backends"]
    assert answer["reference"] == {"found": True, "install": None}
    assert answer["lava"] == {"found": False, "install": "make lava"}
    assert "  nest           missing: pip install 'axonal[deploy]'" in info.table(info.collect())


def test_the_shipped_digits_are_exported_run_and_verified_by_name(
    axonal: Axonal, tmp_path: Path
) -> None:
    exported = axonal("export", "digits", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "digits.h5").exists()
    verified = axonal("verify", "digits", cwd=tmp_path)
    assert verified.returncode == 0
    assert "0 mismatches" in verified.stdout
    ran = axonal("run", "digits", "--data", "digits", "--json", cwd=tmp_path)
    assert json.loads(ran.stdout)["accuracy"] > 0.96


def test_a_file_of_the_user_comes_before_the_shipped_digits(axonal: Axonal, tmp_path: Path) -> None:
    (tmp_path / "digits").write_text("mine")
    result = axonal("verify", "digits", cwd=tmp_path)
    assert result.returncode == 2
    assert "digits" in result.stderr


def test_the_shipped_digits_are_placed_and_their_energy_is_estimated(
    axonal: Axonal, refused: Refused, tmp_path: Path
) -> None:
    drawn = tmp_path / "floor.png"
    placed = axonal("place", "digits", "--seed", "1", "--figure", drawn, "--json")
    assert placed.returncode == 0, placed.stderr
    assert json.loads(placed.stdout)["cores_used"] == 1
    assert drawn.read_bytes().startswith(b"\x89PNG")
    priced = axonal("energy", "digits", "--no-sanafe", "--chip", "spinnaker")
    assert priced.returncode == 0, priced.stderr
    assert priced.stdout.startswith("An estimate for spinnaker")
    assert "unknown chip 'x'; known are loihi2" in refused("place", "digits", "--chip", "x")


def test_verify_in_json_says_how_many_spikes_it_compared(axonal: Axonal, graph: Path) -> None:
    answer = json.loads(axonal("verify", graph, "--json").stdout)
    assert answer["passed"]
    assert answer["spikes"] > 0


def test_verify_exits_with_one_when_a_spike_differs(
    axonal: Axonal, graph: Path, tmp_path: Path
) -> None:
    loaded = EventGraph.load(graph)
    changed = []
    for p in loaded.populations:
        raised = p.threshold * 1.5 if p.kind == "lif" else p.threshold
        changed.append(
            Population(
                p.name, p.kind, p.shape, decay=p.decay, gain=p.gain, bias=p.bias,
                threshold=raised, reset=p.reset, refractory=p.refractory,
            )
        )  # fmt: skip
    EventGraph(
        tuple(changed), loaded.projections, loaded.outputs, loaded.dt, golden=loaded.golden
    ).save(tmp_path / "other.h5")
    result = axonal("verify", tmp_path / "other.h5")
    assert result.returncode == 1
    assert "FAILED" in result.stdout


def test_verify_exits_with_one_when_there_is_nothing_to_compare(
    axonal: Axonal, graph: Path, tmp_path: Path
) -> None:
    loaded = EventGraph.load(graph)
    EventGraph(loaded.populations, loaded.projections, loaded.outputs, loaded.dt).save(
        tmp_path / "bare.h5"
    )
    result = axonal("verify", tmp_path / "bare.h5")
    assert result.returncode == 1
    assert "no golden run" in result.stdout


def test_run_takes_arrays_from_a_file_and_writes_what_came_out(
    axonal: Axonal, graph: Path, tmp_path: Path
) -> None:
    test = digits.data(digits.Settings())["test"]
    np.savez(tmp_path / "x.npz", x=test.dense([0, 1, 2]), labels=test.labels[:3])
    words = ("--data", tmp_path / "x.npz", "--out", tmp_path / "y.npz", "--json")
    answer = json.loads(axonal("run", graph, *words).stdout)
    assert answer["samples"] == 3
    assert answer["accuracy"] in (0, 1 / 3, 2 / 3, 1)
    with np.load(tmp_path / "y.npz") as arrays:
        assert arrays["readout.readout"].shape == (24, 3, 10)
        assert len(arrays["hidden.t"]) == answer["spikes"]


@pytest.mark.slow
def test_a_bug_shows_its_traceback() -> None:
    script = (
        "import sys\n"
        "from axonal import cli, recipes\n"
        "def broken(*args, **kwargs):\n    raise ValueError('a bug')\n"
        "recipes.train = broken\n"
        "sys.argv = ['axonal', 'train', 'digits']\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=ENV, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_the_extras_of_info_are_those_of_setup_cfg() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    declared = {
        extra: {re.split(r"[<>=\[]", line)[0] for line in lines.split()}
        for extra, lines in config["options.extras_require"].items()
        if extra != "test"
    }
    # numpy is core; the extra only limits its version
    declared["deploy"] = {n for n in declared["deploy"] if not n.startswith(("numpy", "python_"))}
    assert {extra: set(names) for extra, names in info.EXTRAS.items()} == declared
    core = {line.split(">")[0] for line in config["options"]["install_requires"].split()}
    assert set(info.CORE) == core
