"""Forecasts of chaotic series: tasks, candidates, choice by validation, and tests."""

from axonal.reservoirs.forecasting.candidates import (
    echo_state_settings,
    echo_states,
    next_generations,
)
from axonal.reservoirs.forecasting.evaluate import Forecaster, evaluate
from axonal.reservoirs.forecasting.floors import Mean, Persistence
from axonal.reservoirs.forecasting.task import Task

__all__ = [
    "Forecaster",
    "Mean",
    "Persistence",
    "Task",
    "echo_state_settings",
    "echo_states",
    "evaluate",
    "next_generations",
]
