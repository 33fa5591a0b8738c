"""Rows of docs/results: found again by their keys, and told by their pages."""

from pathlib import Path

import pytest
from helpers import ROOT

import experiments
from axonal._base.sweeps import Store
from experiments import _report

RESULTS = ROOT / "docs" / "results"
WHOLE = (
    "archetypes",
    "attention",
    "branches",
    "chaos",
    "coincidence",
    "continual",
    "continual-delays",
    "continual-split",
    "digits",
    "exact-adjoint",
    "from-ann",
    "gradient-angles",
    "language",
    "local-delays",
    "local-rules",
    "mil",
    "montecarlo",
    "mr",
    "nalsm",
    "neurobench",
    "nmnist",
    "quantization",
    "sequence",
    "sequence-keywords",
    "sequence-permuted",
    "sequence-text",
    "smnist",
    "spoken-digits",
    "spoken-digits-attempts",
    "ternary-delays",
    "time-grid",
    "timescales",
    "tutorials",
    "two-point",
    "yin-yang",
    "zero-shot",
)


@pytest.mark.parametrize("name", WHOLE)
def test_every_stored_row_is_found_by_its_key(name: str) -> None:
    plan = experiments.find(name).plan()
    assert plan
    assert Store(RESULTS / "runs.jsonl").missing(plan) == []


# the page of digits is older than its rows
@pytest.mark.parametrize("name", [name for name in WHOLE if name != "digits"])
def test_a_page_says_what_its_rows_say(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_report, "save", lambda figure, path: path)
    written = experiments.find(name).write(Store(RESULTS / "runs.jsonl"), tmp_path)
    for path in written:
        if path.exists():
            assert path.read_text() == (RESULTS / path.name).read_text()


def test_every_experiment_has_a_plan_and_a_page() -> None:
    for name in experiments.names():
        module = experiments.find(name)
        assert callable(module.plan) and callable(module.write)
        assert (_report.PAGES / f"{name.replace('-', '_')}.md").exists()
