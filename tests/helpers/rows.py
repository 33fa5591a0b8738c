"""Rows of experiments without any training."""

from typing import Any

from axonal._base.sweeps import Row
from axonal.recipes._runs import Run


def made(run: Run, **values: Any) -> Row:
    """A row as `perform` makes it, without any training."""
    row = {
        "key": run.key,
        "recipe": run.recipe,
        "changes": dict(run.changes),
        "test": 0.5,
        "tested": 100,
        "validation": 0.5,
        "test_with_training_kernel": 0.5,
        "changed_by_rounding": 0.0,
        "trained_parameters": 100,
        "rates": {"hidden": 0.1},
        "cpu_seconds": 50.0,
        "seconds": 60.0,
        "date": "2026-01-02",
        "machine": "a processor, 2 cores",
        "torch": "2.13",
        "commit": "abc",
    }
    return {**row, **values}
