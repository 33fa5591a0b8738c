"""One training run as one row of results, and the file that holds the rows."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch

from axonal import neuro, recipes
from axonal.recipes import _learning, _train

Row = dict[str, Any]


class Job(Protocol):
    """What a row is made of."""

    @property
    def key(self) -> str:
        """What two jobs share only if all that decides their row is equal."""

    def make(self, commit: str | None) -> Row:
        """Do it; the row holds the key and the commit."""


J = TypeVar("J", bound=Job)


@dataclass(frozen=True)
class Run:
    """A run that an experiment asks for.

    Args:
        recipe: name of the recipe.
        changes: settings that differ from those of the recipe.
    """

    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Any:
        """Settings of the run."""
        return recipes.find(self.recipe).Settings(**self.changes)

    @property
    def key(self) -> str:
        """What two runs share only if their recipe and all their settings are equal."""
        text = json.dumps([self.recipe, self.settings.to_json()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def build(self) -> neuro.Network:
        """The untrained network."""
        net: neuro.Network = recipes.find(self.recipe).build(self.settings)
        return net

    def make(self, commit: str | None) -> Row:
        """Train the network and measure it."""
        return perform(self, commit)


class Store:
    """Rows of finished runs, a line each, added as soon as a run ends.

    A line that was cut off by a crash is dropped: its run is made again.

    Args:
        path: JSON-lines file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, Row] = {}
        text = path.read_text() if path.exists() else ""
        for line in text.splitlines():
            try:
                row = json.loads(line)
                self._rows[row["key"]] = row
            except (json.JSONDecodeError, KeyError, TypeError):
                continue
        # the next line must not be glued to the end of a torn one
        self._torn = bool(text) and not text.endswith("\n")

    def add(self, row: Row) -> None:
        """Keep a row; it is on the disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as stream:
            stream.write(("\n" if self._torn else "") + json.dumps(row) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self._torn = False
        self._rows[row["key"]] = row

    def missing(self, runs: Iterable[J]) -> list[J]:
        """Runs that have no row yet, each once."""
        wanted = {run.key: run for run in runs}
        return [run for key, run in wanted.items() if key not in self._rows]

    def find(self, run: Job) -> Row:
        """Return the row of a finished run."""
        return self._rows[run.key]


def perform(run: Run, commit: str | None) -> Row:
    """Train one network and measure it on the test set, with and without rounding."""
    settings = run.settings
    begun = time.perf_counter()
    data, net = recipes.find(run.recipe).data(settings), run.build()
    trained = _train.count_trained(net)
    _learning.fit(net, settings, data["train"])
    test = data["test"]
    rounded = _learning.predict(net, test, settings)
    _round_in_evaluation(net, False)
    unrounded = _learning.predict(net, test, settings)
    _round_in_evaluation(net, True)
    return {
        "key": run.key,
        "recipe": run.recipe,
        "changes": dict(run.changes),
        "test": float(np.mean(rounded == test.labels)),
        "validation": _learning.accuracy(net, data["validation"], settings),
        "test_with_training_kernel": float(np.mean(unrounded == test.labels)),
        "changed_by_rounding": float(np.mean(unrounded != rounded)),
        "trained_parameters": trained,
        "rates": {k: round(v, 5) for k, v in _train.firing_rates(net, test).items()},
        "seconds": round(time.perf_counter() - begun, 2),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "torch": str(torch.__version__),
        "commit": commit,
    }


def _round_in_evaluation(net: neuro.Network, rounding: bool) -> None:
    for layer in net.modules():
        if isinstance(layer, neuro.DelayedLinear):
            layer.round_in_evaluation = rounding


def machine() -> str:
    """Model of the processor and number of its cores that are ours."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {cores()} cores"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
