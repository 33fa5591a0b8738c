"""Choice of a model by validation forecasts, and its test."""

import time
import warnings
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array
from axonal.reservoirs.forecasting.task import Task
from axonal.reservoirs.series import smape, valid_prediction_time


class Forecaster(Protocol):
    """A model that learns from a series and goes on with it.

    >>> from axonal.reservoirs.forecasting import Forecaster, Persistence
    >>> model: Forecaster = Persistence()
    >>> model.fit([[0.0], [1.0]]).forecast(1, [[2.0]])
    array([[2.]])
    """

    def fit(self, X: ArrayLike) -> Self:
        """Learn from rows [T, D]."""

    def forecast(self, steps: int, history: ArrayLike) -> Float64Array:
        """Rows [steps, D] that follow a history [T, D]."""


def evaluate(task: Task, candidates: Mapping[str, Forecaster]) -> dict[str, Any]:
    """Choose among models by their validation forecasts, and test the one that is chosen.

    The candidate with the longest mean valid prediction time is taken, of equal ones that with the
    least relative error; it then learns from training and validation rows together. Test rows are
    used for the test alone. A candidate that fails in its arithmetic is out.

    Args:
        task: series and places of forecasts.
        candidates: models that are not fitted, by a name for each.

    Returns:
        The names and numbers: ``chosen``, ``validation`` (mean valid prediction time of it in
        Lyapunov times), ``valid`` (one per test forecast), ``smape_dysts`` and ``smape_neurobench``
        (means), ``diverged`` (test forecasts that ran away), ``choice_seconds`` and
        ``train_seconds`` (processor time of all candidates, and of the last fit).

    Raises:
        ValueError: no candidate could be fitted.

    >>> from axonal.reservoirs.forecasting import Persistence, Task, evaluate
    >>> found = evaluate(Task("lorenz", train=300, test=2), {"as before": Persistence()})
    >>> found["chosen"], max(found["valid"]) < 1
    ('as before', True)
    """
    series = task.series()
    mean, deviation = series[: task.train].mean(0), series[: task.train].std(0)
    x = (series - mean) / deviation
    if not task.raw:
        mean, deviation = np.zeros_like(mean), np.ones_like(mean)
    begun = time.process_time()
    scores: dict[str, tuple[float, float]] = {}
    for name, model in candidates.items():
        try:
            model.fit(x[: task.train])
            found, _ = _forecasts(task, x, model, "validation", task.validation_horizon)
        except np.linalg.LinAlgError:
            continue
        scores[name] = (
            float(np.mean([_valid(task, *pair) for pair in found])),
            -_smape(task, found, mean, deviation, "neurobench"),
        )
    if not scores:
        raise ValueError(f"evaluate: no candidate could be fitted to {task.system!r}.")
    chosen = max(scores, key=lambda name: scores[name])
    middle = time.process_time()
    model = candidates[chosen].fit(x[: task.learnt])
    trained = time.process_time()
    forecasts, diverged = _forecasts(task, x, model, "test", task.horizon)
    return {
        "chosen": chosen,
        "validation": scores[chosen][0],
        "valid": [_valid(task, *pair) for pair in forecasts],
        "smape_dysts": _smape(task, forecasts, mean, deviation, "dysts"),
        "smape_neurobench": _smape(task, forecasts, mean, deviation, "neurobench"),
        "diverged": diverged,
        "choice_seconds": round(middle - begun, 3),
        "train_seconds": round(trained - middle, 4),
    }


Pair = tuple[Float64Array, Float64Array]


def _forecasts(
    task: Task, x: Float64Array, model: Forecaster, part: str, horizon: float
) -> tuple[list[Pair], int]:
    """Series and forecast at every place of a part, and how many of them ran away."""
    steps, pairs, diverged = task.rows(horizon), [], 0
    for start in task.starts(part):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", RuntimeWarning)
            found = model.forecast(steps, x[max(0, start - task.history) : start])
        diverged += bool(said) or not np.isfinite(found).all()
        pairs.append((x[start : start + steps], found))
    return pairs, diverged


def _valid(task: Task, target: Float64Array, found: Float64Array) -> float:
    return valid_prediction_time(target, found, dt=task.dt, exponent=task.exponent)


def _smape(
    task: Task, pairs: list[Pair], mean: Float64Array, deviation: Float64Array, convention: str
) -> float:
    rows = task.rows(task.scored)
    each = [
        smape(*(mean + deviation * part[:rows] for part in pair), convention=convention)
        for pair in pairs
    ]
    return float(np.mean(each))
