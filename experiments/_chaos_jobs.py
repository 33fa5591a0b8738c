"""The jobs of the experiment ``chaos``: forecasts of one series by our models, or by the peer."""

import dataclasses
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from axonal._base.sweeps import Row
from axonal.recipes._runs import Job
from axonal.reservoirs.forecasting import (
    Mean,
    Persistence,
    Task,
    echo_state_settings,
    echo_states,
    evaluate,
    next_generations,
)
from experiments import _chaos_peer, _peer

UNITS = 300
OURS = ("EchoState", "NextGeneration", "persistence", "mean")
PEER = "reservoirpy"


@dataclass(frozen=True)
class Forecasts(Job):
    """Forecasts of one series by our models and the floors, each chosen by validation.

    Args:
        task: the series and its stretches; its seed is that of the reservoirs, too.
    """

    task: Task

    @property
    def identity(self) -> list[Any]:
        """The task, and what the models are chosen among."""
        known = [*map(str, next_generations(self.task.system)), *map(str, echo_state_settings())]
        return ["chaos", self.who, dataclasses.asdict(self.task), UNITS, known]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment, the models, the system and the seed."""
        return f"chaos-{self.who}", {"system": self.task.system, "seed": self.task.seed}

    @property
    def who(self) -> str:
        """The name of those whose models these are."""
        return "ours"

    def measure(self) -> Row:
        """Choose and test every model."""
        task = self.task
        candidates: dict[str, dict[str, Any]] = {
            "EchoState": echo_states(UNITS, task.seed),
            "NextGeneration": next_generations(task.system),
            "persistence": {"": Persistence()},
            "mean": {"": Mean()},
        }
        return {"arms": {arm: short(evaluate(task, candidates[arm])) for arm in OURS}}


@dataclass(frozen=True)
class PeerForecasts(Forecasts):
    """The same by an echo state network of reservoirpy, in the environment of the peers."""

    # another process does the work, whose processor time is not counted here
    clock = time.perf_counter

    @property
    def who(self) -> str:
        """The name of those whose models these are."""
        return PEER

    def measure(self) -> Row:
        """Choose and test the peer."""
        question = _chaos_peer.question(self.task, UNITS, self.task.seed)
        said = _peer.ask("chaos", "reservoirpy", "_chaos_peer", given=question)
        return {"arms": {PEER: short(json.loads(said))}}


def short(found: Mapping[str, Any]) -> Row:
    """The part of an evaluation that is kept: the mean over its forecasts, in few digits."""
    kept = {name: value for name, value in found.items() if name != "valid"}
    kept["valid"] = sum(found["valid"]) / len(found["valid"])
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in kept.items()}
