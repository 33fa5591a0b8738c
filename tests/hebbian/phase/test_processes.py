"""Phase diagrams from the command line and over a cluster: stops, losses and bad words."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from helpers import SCRIPTS, shell
from helpers.phase import QUICK, chunks
from helpers.shell import ENV, called, one_line

from axonal.cli import _phase_diagram as _phase
from axonal.hebbian import Hopfield, load_phase_diagram, phase_diagram


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_loses_no_cell(tmp_path: Path) -> None:
    loads, temperatures = [0.02, 0.05, 0.08], [0.1, 0.2, 0.3, 0.4]
    grid: dict[str, Any] = {"alpha": loads, "T": temperatures, "mc": QUICK}
    settings = {"alpha": loads, "T": temperatures, "mc": asdict(QUICK), "fatal": [0.05, 0.3]}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    script = SCRIPTS / "phase_on_dask.py"
    environment = {**ENV, "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, script, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    xr.testing.assert_equal(load_phase_diagram(tmp_path), phase_diagram(Hopfield(), jobs=1, **grid))
    begun = [line.split() for line in (tmp_path / "begun").read_text().splitlines()]
    processes: dict[tuple[float, float], list[str]] = {}
    for process, load, T in begun:
        processes.setdefault((float(load), float(T)), []).append(process)
    assert set(processes) == set(product(loads, temperatures))
    dead, *others = processes[0.05, 0.3]
    assert len(others) == 1
    # Done again is only what was lost with its worker: results it had not handed over, too.
    assert all(p[0] == dead and dead not in p[1:] for p in processes.values() if len(p) > 1)
    assert len({process for process, _, _ in begun}) >= 2


@pytest.mark.slow
def test_the_command_line_is_stopped_by_an_interrupt_and_goes_on(tmp_path: Path) -> None:
    words = ["phase", "hopfield", "--alpha", "0:0.1:6", "--T", "0.1:0.5:6", "--json"]
    words += ["--mc", "N=1000,samples=3,sweeps=50", "--jobs", "2", "--out", str(tmp_path)]
    begun = subprocess.Popen(
        [sys.executable, "-m", "axonal.cli", *words],
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while len(chunks(tmp_path)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(begun.pid, signal.SIGINT)  # as Ctrl-C does: the workers as well
    _, errors = begun.communicate(timeout=600)
    assert begun.returncode == 130, errors
    line = "axonal: stopped. The same command goes on with the cells that are missing."
    assert errors.splitlines() == [line]
    times = {path: path.stat().st_mtime_ns for path in chunks(tmp_path)}
    assert 3 <= len(times) < 36
    done = shell.process(*words)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout)["cells"] == 36
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert len(chunks(tmp_path)) == 36
    assert (tmp_path / "diagram.png").stat().st_size > 10_000


def test_the_noise_of_examples_is_chosen_on_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ["--alpha", "0.02", "--T", "0.1", "--quality", "0.8", "--examples", "5", "--json"]
    words += ["--noise", "gaussian", "--out", str(tmp_path)]
    done = called(capsys, monkeypatch, "phase", "hopfield", *words)
    assert done.returncode == 0, done.stderr
    assert "noise='gaussian'" in json.loads(done.stdout)["model"]
    limit = load_phase_diagram(tmp_path).m.item()
    assert limit == Hopfield(0.8, 5, noise="gaussian").theory(0.02, 0.1).m
    assert abs(limit - Hopfield(0.8, 5).theory(0.02, 0.1).m) > 1e-4
    for noise in ("binomial", "gaussian"):
        asked = {"quality": 0.8, "examples": 5, "noise": noise}
        assert _phase.request("dense", {}, asked, None).model.noise == noise


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ising"], "known: hopfield, dense, multitasking"),
        (["hopfield", "--P", "3"], "hopfield has no --P"),
        (["dense", "--alpha", "0:1:2"], "dense has no --alpha"),
        (["dense", "--P", "1"], "P as a whole number >= 2"),
        (["hopfield", "--alpha", "0:1"], "expects FIRST:LAST:COUNT"),
        (["hopfield", "--alpha", "1:0:3"], "expects FIRST:LAST:COUNT"),
        (["hopfield", "--T=-1:1:3"], "finite T >= 0"),
        (["hopfield", "--T", "0:1:2000", "--alpha", "0:1:2000"], "has up to"),
        (["hopfield", "--mc", "samples=2"], "needs a size"),
        (["hopfield", "--quality", "0.5"], "examples=M"),
        (["hopfield", "--noise", "white"], "noise as one of binomial, gaussian; got 'white'"),
        (["multitasking", "--noise", "gaussian"], "multitasking has no --noise"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_bad_words_are_refused_in_one_line(
    words: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    done = called(capsys, monkeypatch, "phase", *words, "--out", tmp_path)
    assert told in one_line(done)
    assert list(tmp_path.iterdir()) == []
