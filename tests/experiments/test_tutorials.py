"""The page of tutorials says what its rows say."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import needs

from experiments import tutorials


def _row(job: tutorials.Imported) -> dict[str, Any]:
    made = {
        "changes": dict(job.label[1]), "seconds": 60.0, "training_seconds": 50.0,
        "commit": "c", "machine": "m", "torch": "t", "date": "2026-11-30",
    }  # fmt: skip
    equal = {
        "accuracy": 0.755, "imported": 0.755, "decisions_alike": 1.0, "spikes": 900,
        "cells": 1000, "different": 4, "different_in_double": 0, "left_out": [],
    }  # fmt: skip
    if job.name == "maps":
        return {**made, "not_imported": "from_norse cannot import Maps: why."}
    if job.name == "convolutions":
        return {**made, **equal, "not_exported": "Convolutional cannot be exported: why not."}
    said = {"nest": "population 'lif1' has reset 'subtract'", "brian2": "equal"}
    return {**made, **equal, "neurons": 1794, "synapses": 10, "verified": said}


def test_the_page_counts_what_reaches_a_simulator_and_names_what_does_not(tmp_path: Path) -> None:
    store: Any = SimpleNamespace(find=_row)
    page, _ = tutorials.write(store, tmp_path)
    text = page.read_text()
    assert "equal on at least one simulator: 5 of 7." in text
    assert "75.5 % | 4 of 1000 | 0 | 1794 neurons | refused | equal |" in text
    assert "- Norse, maps: from_norse cannot import Maps: why." in text
    assert "- snnTorch, convolutions: Convolutional cannot be exported: why not." in text
    assert "- snnTorch, dense: nest: population 'lif1' has reset 'subtract'" in text


@pytest.mark.slow
def test_a_network_goes_all_the_way(monkeypatch: Any) -> None:
    for part in ("peers", "nest", "brian2"):
        needs.require(part)
    needs.data("mnist")
    for name, size in (("TRAINED", 200), ("TESTED", 100)):
        monkeypatch.setattr(tutorials, name, size)
    row = tutorials.Imported("one layer").measure()
    assert row["verified"] == {"nest": "equal", "brian2": "equal"}
    assert row["different_in_double"] == 0 and row["decisions_alike"] == 1 and row["spikes"] > 100
