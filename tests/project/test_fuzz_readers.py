"""A small share of `make fuzz-readers`: damaged files give the same, or one clear line."""

import tracemalloc
import warnings
from pathlib import Path

import pytest
from fuzz.targets import TARGETS
from fuzz.trial import trials

from axonal.datasets import _mnist


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_refused_or_still_right(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_mnist, "SPLITS", _mnist.SPLITS)  # put back what a target changes
    try:
        with warnings.catch_warnings():
            rows = [row for row in trials(name, tmp_path, 0, 30, seed=1) if "problem" in row]
    finally:
        tracemalloc.stop()
    assert len(rows) == 30
    assert [row for row in rows if row["problem"]] == []
