"""Tasks and their evaluation: what is known when, and what is chosen by what."""

from typing import Any, Self

import numpy as np
import pytest

from axonal.reservoirs.forecasting import (
    Mean,
    Persistence,
    Task,
    echo_states,
    evaluate,
    next_generations,
)

SMALL = Task("lorenz", train=400, validation=2, test=2, horizon=2.0, validation_horizon=2.0)


class Watched:
    """A forecaster that knows the series by heart, but for an error, and keeps what it was told."""

    def __init__(self, x: np.ndarray, error: float) -> None:
        self.x, self.error = x, error
        self.learnt: list[int] = []
        self.told: list[int] = []

    def fit(self, X: Any) -> Self:
        self.learnt.append(len(X))
        return self

    def forecast(self, steps: int, history: Any) -> np.ndarray:
        end = int(np.flatnonzero((self.x == history[-1]).all(1))[0]) + 1
        self.told.append(end)
        return self.x[end : end + steps] + self.error


def watched(error: float, task: Task = SMALL) -> Watched:
    x = task.series()
    return Watched((x - x[: task.train].mean(0)) / x[: task.train].std(0), error)


def test_stretches_follow_one_another() -> None:
    assert SMALL.starts("validation") == [400, 460]
    assert SMALL.learnt == 460 + 120
    assert SMALL.starts("test") == [580, 640]
    assert len(SMALL.series()) == 640 + 120


def test_a_model_is_told_what_lies_before_its_forecast_and_no_more() -> None:
    model = watched(0.0)
    found = evaluate(SMALL, {"it": model})
    assert model.learnt == [SMALL.train, SMALL.learnt]
    assert model.told == [*SMALL.starts("validation"), *SMALL.starts("test")]
    assert found["valid"] == pytest.approx([2.0, 2.0])
    assert found["smape_dysts"] == found["smape_neurobench"] == found["diverged"] == 0


def test_the_model_with_the_best_validation_is_tested_and_no_other() -> None:
    good, bad = watched(0.01), watched(3.0)
    found = evaluate(SMALL, {"bad": bad, "good": good})
    assert (found["chosen"], len(bad.told), len(good.told)) == ("good", 2, 4)
    assert found["smape_neurobench"] == pytest.approx(2 * found["smape_dysts"])


def test_a_relative_error_is_taken_of_the_scaled_or_of_the_raw_series() -> None:
    parts = {"train": 100, "validation": 1, "test": 1, "horizon": 2.0, "validation_horizon": 1.0}
    tasks = [Task("mackey-glass", raw=raw, rate=75, **parts) for raw in (False, True)]
    scaled, raw = (evaluate(task, {"": Mean()}) for task in tasks)
    assert scaled["valid"] == raw["valid"]
    # the scaled mean is zero, which is as wrong as can be; the raw series lies far from zero
    assert raw["smape_dysts"] < 20 < 90 < scaled["smape_dysts"]


def test_a_model_that_fails_is_out() -> None:
    class Fails(Persistence):
        def fit(self, X: Any) -> Self:
            raise np.linalg.LinAlgError("singular")

    assert evaluate(SMALL, {"fails": Fails(), "works": Persistence()})["chosen"] == "works"
    with pytest.raises(ValueError, match="no candidate could be fitted to 'lorenz'"):
        evaluate(SMALL, {"fails": Fails()})


def test_reservoirs_and_their_control_are_far_above_the_floors() -> None:
    floor = max(np.mean(evaluate(SMALL, {"": f})["valid"]) for f in (Mean(), Persistence()))
    few = dict(list(echo_states(100, 0).items())[6:8])
    for candidates in (few, next_generations("lorenz")):
        assert np.mean(evaluate(SMALL, candidates)["valid"]) > floor + 0.5


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Task expects system as one of aizawa, .*; got 'x'"):
        Task("x")
