"""Sweeps: rows on the disk as jobs end, where joblib's configuration says they run."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import joblib
import pytest

from axonal._base.sweeps import Row, Store, fill


@dataclass(frozen=True)
class Job:
    number: int
    fails: bool = False

    @property
    def key(self) -> str:
        return str(self.number)

    def make(self, commit: str | None) -> Row:
        if self.fails:
            raise ArithmeticError("no number")
        thread = threading.current_thread() is threading.main_thread()
        return {"key": self.key, "commit": commit, "process": os.getpid(), "main": thread}


def test_jobs_run_where_the_configuration_says(tmp_path: Path) -> None:
    store = Store(tmp_path / "rows.jsonl")
    jobs = [Job(n) for n in range(4)]
    with joblib.parallel_config(backend="threading", n_jobs=2):
        fill(store, jobs, processes=2, commit="abc", progress=False)
    rows = [store.find(job) for job in jobs]
    assert {row["process"] for row in rows} == {os.getpid()}
    assert {row["commit"] for row in rows} == {"abc"}


def test_a_job_that_fails_leaves_the_rows_of_the_others(tmp_path: Path) -> None:
    store = Store(tmp_path / "rows.jsonl")
    jobs = [Job(0), Job(1), Job(2, fails=True), Job(3)]
    with (
        joblib.parallel_config(backend="sequential"),
        pytest.raises(ArithmeticError, match="no number"),
    ):
        fill(store, jobs, processes=1, commit=None, progress=False)
    again = Store(tmp_path / "rows.jsonl")
    assert [job.number for job in again.missing(jobs)] == [2, 3]


def test_a_finished_sweep_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "rows.jsonl")
    store.add({"key": "0"})
    monkeypatch.setattr(joblib, "Parallel", None)
    fill(store, [Job(0)], commit=None)
