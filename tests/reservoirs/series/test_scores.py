"""Scores of forecasts by hand."""

import numpy as np
import pytest

from axonal.reservoirs.series import smape, valid_prediction_time


def test_the_two_conventions_differ_by_a_factor_of_two() -> None:
    x, y = np.ones((4, 2)), np.full((4, 2), 3.0)
    assert smape(x, y, convention="dysts") == 50
    assert smape(x, y, convention="neurobench") == 100


def test_zero_beside_zero_is_no_error_and_a_lost_forecast_the_largest() -> None:
    assert smape([0.0, 1.0], [0.0, 1.0], convention="neurobench") == 0
    assert smape([0.0, 1.0], [0.0, np.nan], convention="neurobench") == 200
    assert smape([0.0, 1.0], [0.0, np.inf], convention="dysts") == 100


@pytest.mark.parametrize(("wrong", "rows"), [(0, 0), (3, 3), (None, 8)])
def test_a_forecast_holds_until_its_first_failing_row(wrong: int | None, rows: int) -> None:
    x = np.tile([[1.0, 2.0], [-1.0, -2.0]], (4, 1))
    y = x.copy()
    if wrong is not None:
        # sizes are sqrt(5): 0.4 of it is 0.894
        y[wrong, 0] += 0.9
    y[:wrong, 0] += 0.88
    assert valid_prediction_time(x, y, dt=0.1, exponent=2) == pytest.approx(0.2 * rows)


def test_a_forecast_fails_where_it_is_not_finite() -> None:
    x = np.array([1.0, -1.0, 1.0])
    assert valid_prediction_time(x, np.array([1.0, np.nan, 1.0]), dt=1, exponent=1) == 1


@pytest.mark.parametrize(
    ("target", "forecast", "words"),
    [
        (np.ones(3), np.ones(4), r"one shape .* got \(3,\) and \(4,\)"),
        (np.array([1.0, np.nan]), np.ones(2), "a finite target, got NaN or infinity"),
        (np.ones(3), np.ones(3), "expects a target that moves, got one that is constant"),
    ],
)
def test_what_has_no_score_is_refused(target: np.ndarray, forecast: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        valid_prediction_time(target, forecast, dt=1, exponent=1)


def test_an_unknown_convention_is_refused() -> None:
    with pytest.raises(ValueError, match="convention as one of dysts, neurobench; got 'm4'"):
        smape([1.0], [1.0], convention="m4")
