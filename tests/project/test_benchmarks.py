"""The benchmarks run, compare before they time, and write what they found."""

import functools
import importlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import ROOT

from benchmarks import _measure
from benchmarks.__main__ import MODULES, NAMES

ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def benchmark(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True)


@functools.cache
def rows(name: str) -> dict[str, dict[str, Any]]:
    """Rows of a quick run in this process, by implementation: the last of each."""
    module = importlib.import_module(f"benchmarks.{name}")
    with pytest.MonkeyPatch.context() as patch:  # nobody reads what is timed here
        for holder, count in itertools.product((_measure, module), ("ROUNDS", "REPETITIONS")):
            if hasattr(holder, count):
                patch.setattr(holder, count, 1)
        table = module.run(set(), quick=True)
    required = {"case", "implementation", "median_s", "ratio", "share_of_bandwidth"}
    assert all(required <= set(row) for row in table.json)
    return {row["implementation"]: row for row in table.json}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "gpu"])
def test_a_quick_benchmark_without_peers_makes_its_rows(name: str) -> None:
    assert "axonal" in rows(name)


@pytest.mark.slow
def test_a_quick_run_writes_its_rows_and_no_result(tmp_path: Path) -> None:
    results = ROOT / "benchmarks" / "RESULTS.md"
    before = results.read_bytes()
    done = benchmark("call", "--quick", "--peers", "", "--json", tmp_path / "rows.json")
    assert done.returncode == 0, done.stderr
    assert {"axonal"} <= {
        r["implementation"] for r in json.loads((tmp_path / "rows.json").read_text())
    }
    assert results.read_bytes() == before


def test_a_call_of_a_small_layer_runs_few_functions_of_few_files() -> None:
    ours = rows("call")["axonal"]
    assert (ours["number"] <= 24, ours["files"] <= 8, ours["chain"] <= 8) == (True, True, True)


def test_our_lif_keeps_four_bytes_a_neuron_and_step_or_next_to_nothing() -> None:
    ours, recomputing = rows("memory")["axonal"], rows("memory")["axonal-recompute"]
    assert ours["bytes_beside_x"] <= 4.01
    assert not ours["keeps_x"]
    assert recomputing["bytes_beside_x"] <= 0.2


def test_an_unknown_peer_is_one_line() -> None:
    done = benchmark("lif", "--quick", "--peers", "abacus")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"benchmarks: no peer abacus; there are {', '.join(MODULES)}."
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--json", "nowhere/rows.json"), "--json: nowhere/rows.json cannot be written; is its f"),
        (("--threads", "0"), "--threads takes a number from 1 on, got 0"),
    ],
)
def test_what_would_end_a_run_is_said_before_it(words: tuple[str, str], message: str) -> None:
    done = benchmark("lif", "--peers", "", *words)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
    assert not done.stdout


@pytest.mark.slow
def test_works_are_timed_beside_those_of_an_older_commit() -> None:
    command = [sys.executable, "-m", "benchmarks.against", "HEAD", "spike_linear", "--quick"]
    done = subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines and all(line[0] == "spike_linear" for line in lines)
    assert all(float(number) > 0 for line in lines for number in line[-4:])


def test_a_commit_that_is_not_here_is_one_line() -> None:
    command = [sys.executable, "-m", "benchmarks.against", "nowhere", "lif", "--quick"]
    done = subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["benchmarks: there is no commit nowhere here."]


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here, and would be measured")
def test_without_a_gpu_nothing_is_measured_and_nothing_written(tmp_path: Path) -> None:
    results = ROOT / "benchmarks" / "RESULTS.md"
    before = results.read_bytes()
    done = benchmark("gpu", "--json", tmp_path / "rows.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "gpu: torch sees no GPU here, so nothing was measured.\n"
    assert not (tmp_path / "rows.json").exists()
    assert results.read_bytes() == before
