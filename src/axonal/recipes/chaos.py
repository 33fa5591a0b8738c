"""Forecasts of a chaotic series by an echo state network, or by its cheap control.

Settings of the model are chosen by forecasts of one stretch of the series and tested on a later
one, see `reservoirs.forecasting`; docs/results/chaos.md has twenty systems beside another library.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from axonal.recipes import _settings
from axonal.recipes._study import Learned, Parts
from axonal.reservoirs import forecasting, series
from axonal.reservoirs.forecasting.task import MACKEY_GLASS

MODELS = ("echo-state", "next-generation")


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.BaseSettings):
    """Settings of the recipe.

    Args:
        system: name of a flow of `reservoirs.series.SYSTEMS`, or "mackey-glass".
        model: "echo-state", or "next-generation" for the cheap control.
        units: of an echo state network.
        train: rows of the series that a model learns from.
        test: forecasts that are tested.
        horizon: of each of them, in Lyapunov times.

    >>> Settings(system="rossler").units
    300
    """

    system: str = "lorenz"
    model: str = "echo-state"
    units: int = 300
    train: int = 2000
    test: int = 10
    horizon: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        systems = (*series.SYSTEMS, MACKEY_GLASS)
        self.require("system", self.system in systems, f"one of {', '.join(systems)}")
        self.require("model", self.model in MODELS, f"one of {', '.join(MODELS)}")
        self.require_counts("units", "train", "test")
        self.require("horizon", self.horizon > 0, "Lyapunov times > 0")


def learn(settings: Settings, parts: Parts) -> Learned:
    """Choose a model by validation forecasts, and test it."""
    task = forecasting.Task(
        settings.system,
        seed=settings.seed,
        train=settings.train,
        test=settings.test,
        horizon=settings.horizon,
    )
    candidates: Any = (
        forecasting.echo_states(settings.units, settings.seed)
        if settings.model == "echo-state"
        else forecasting.next_generations(settings.system)
    )
    parts.report("forecasts", 0.0)
    found = forecasting.evaluate(task, candidates)
    parts.report("forecasts", 1.0)
    return Learned({}, {"valid_prediction_time": float(np.mean(found["valid"])), **found})
