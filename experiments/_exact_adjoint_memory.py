"""The jobs of the experiment ``exact_adjoint`` that measure memory."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from axonal._base.sweeps import Row
from axonal.recipes import _learner, _learning, spoken_digits
from axonal.recipes._runs import Job

KIBIBYTE = 1024


@dataclass(frozen=True)
class PeakMemory(Job):
    """Memory that one update takes at its peak, in a process of its own.

    Args:
        changes: settings of the recipe that differ from its defaults.
    """

    changes: Mapping[str, Any]

    @property
    def identity(self) -> list[Any]:
        """The settings."""
        return ["spoken-digits-memory", spoken_digits.Settings(**self.changes).identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the settings."""
        return "spoken-digits-memory", self.changes

    def measure(self) -> Row:
        """Start a process and measure in it."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            return {"bytes": process.submit(_peak, dict(self.changes)).result()}


def _peak(changes: dict[str, Any]) -> int:
    """Bytes by which an update of a batch raises the highest memory of this process."""
    torch.set_num_threads(1)
    settings = spoken_digits.Settings(**changes)
    samples = spoken_digits.data(settings)["train"]
    learner = _learner.Learner(spoken_digits.build(settings), settings)

    def update(batch: int) -> None:
        chosen = np.arange(batch)
        loss = learner.loss(
            learner.run(_learning.inputs(samples, chosen)), torch.from_numpy(samples.labels[chosen])
        )
        loss.backward()

    update(1)  # compiled code and the optimiser's gradients are there before
    # Linux forgets the peak, which reading the data may have set
    Path("/proc/self/clear_refs").write_text("5")
    before = _highest()
    update(settings.batch)
    return _highest() - before


def _highest() -> int:
    """Highest memory of this process in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * KIBIBYTE
