"""Training runs as jobs of a sweep: each becomes one row of results."""

import hashlib
import json
import platform
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from axonal import neuro, recipes
from axonal._base.sweeps import Row
from axonal._base.threads import cores
from axonal.recipes import _find, _learning, _train
from axonal.recipes._activity import activity
from axonal.recipes._samples import Samples
from axonal.recipes._settings import Settings


class Job(ABC):
    """Something measured that becomes a row: its key, its result and where it comes from.

    Attributes:
        clock: what counts the seconds of a job.
    """

    clock: ClassVar[Callable[[], float]] = time.process_time

    @property
    @abstractmethod
    def identity(self) -> list[Any]:
        """Everything that determines the result, as JSON can hold it."""

    @property
    @abstractmethod
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """Columns "recipe" and "changes" of the row."""

    @abstractmethod
    def measure(self) -> Row:
        """Do the work; the columns of the row that are its result."""

    @property
    def key(self) -> str:
        """Hash of everything that determines the result."""
        text = json.dumps(self.identity, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def make(self, commit: str | None) -> Row:
        """Measure on one thread, and say with what, when and where."""
        name, changes = self.label
        clock = type(self).clock
        begun, threads = clock(), torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            measured = self.measure()
        finally:
            torch.set_num_threads(threads)
        return {
            "key": self.key,
            "recipe": name,
            "changes": dict(changes),
            **measured,
            "seconds": round(clock() - begun, 2),
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "torch": str(torch.__version__),
            "commit": commit,
        }


@dataclass(frozen=True)
class Run(Job):
    """The training of one network.

    Args:
        recipe: name of the recipe, or path of its file.
        changes: settings that differ from those of the recipe.
    """

    clock = time.perf_counter

    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Any:
        """Settings of the run."""
        return recipes.find(self.recipe).Settings(**self.changes)

    @property
    def identity(self) -> list[Any]:
        """The recipe, the content of its file if it has one, and all settings."""
        origin = _find.origin(self.recipe)
        code = [] if origin.sha256 is None else [origin.sha256]
        return [origin.name, *code, self.settings.identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The recipe, and its settings that are not the default."""
        return _find.origin(self.recipe).name, self.changes

    def build(self) -> neuro.Network:
        """The untrained network."""
        net: neuro.Network = recipes.find(self.recipe).build(self.settings)
        return net

    def measure(self) -> Row:
        """Train the network and measure it on the test set, with and without rounding."""
        settings, begun = self.settings, time.process_time()
        data, net = recipes.find(self.recipe).data(settings), self.build()
        trained = _train.count_trained(net)
        followed: Row = {}
        _learning.fit(
            net, settings, data["train"], lambda _: self.follow(net, data, settings, followed)
        )
        test = data["test"]
        rounded = _learning.predict(net, test, settings)
        return {
            "test": float(np.mean(rounded == test.labels)),
            "tested": len(test),
            "validation": _learning.accuracy(net, data["validation"], settings),
            **_unrounded(net, test, settings, rounded),
            "trained_parameters": trained,
            "rates": {k: round(v, 5) for k, v in _train.firing_rates(net, test).items()},
            "cpu_seconds": round(time.process_time() - begun, 1),
            **_sparsity(net, test, settings),
            **followed,
            **self.further(net),
        }

    def follow(
        self, net: neuro.Network, data: Mapping[str, Samples], settings: Settings, row: Row
    ) -> None:
        """Measure what a kind of run asks for after an epoch, and add it to the row."""

    def further(self, net: neuro.Network) -> Row:
        """Measure what else a kind of run asks of the trained network; it is in no time above."""
        return {}


def _unrounded(
    net: neuro.Network, test: Samples, settings: Settings, rounded: npt.NDArray[np.int64]
) -> Row:
    """Accuracy of the same network with delays as they were trained; nothing where none round."""
    if getattr(settings, "engine", "surrogate") == "exact":
        return {}
    delays = [layer for layer in net.modules() if isinstance(layer, neuro.DelayedLinear)]
    if not delays:
        return {}
    for layer in delays:
        layer.round_in_evaluation = False
    found = _learning.predict(net, test, settings)
    for layer in delays:
        layer.round_in_evaluation = True
    return {
        "test_with_training_kernel": float(np.mean(found == test.labels)),
        "changed_by_rounding": float(np.mean(found != rounded)),
    }


def _sparsity(net: neuro.Network, test: Samples, settings: Settings) -> Row:
    """Share of zero pseudo-derivatives of gated units; nothing where there are none."""
    watched = activity(net, net.eval(), settings)
    if watched is None:
        return {}
    chosen = range(min(len(test), _train.RATE_SAMPLES))
    with torch.no_grad():
        watched(torch.from_numpy(test.dense(chosen)))
    return {"backward_sparsity": round(float(watched.measured()["backward_sparsity"]), 5)}


@dataclass(frozen=True)
class Followed(Run):
    """The training of one network, with its validation accuracy after every epoch."""

    @property
    def identity(self) -> list[Any]:
        """That of the run, and that it is followed."""
        return [*super().identity, "followed"]

    def follow(
        self, net: neuro.Network, data: Mapping[str, Samples], settings: Settings, row: Row
    ) -> None:
        """Add accuracy and event rates after an epoch."""
        found = _learning.accuracy(net, data["validation"], settings)
        row.setdefault("curve", []).append(round(found, 5))
        rates = _train.firing_rates(net, data["validation"])
        row.setdefault("rate_curve", []).append({k: round(v, 4) for k, v in rates.items()})
        net.train()


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
