"""Next-generation reservoir computing: features by hand, maps that it holds exactly."""

import numpy as np
import pytest
from sklearn.base import clone

from axonal.reservoirs.echo_state import NextGeneration
from axonal.reservoirs.series import trajectory, valid_prediction_time


def henon(points: int) -> np.ndarray:
    x = [(0.1, 0.1)]
    for _ in range(points - 1):
        x.append((1 - 1.4 * x[-1][0] ** 2 + x[-1][1], 0.3 * x[-1][0]))
    return np.array(x)


def test_features_are_delayed_values_and_their_products() -> None:
    x = np.arange(12.0).reshape(6, 2) ** 1.5
    model = NextGeneration(lags=2, stride=2).fit(x)
    now, before = x[5], x[3]
    linear = np.concatenate((now, before))
    products = [linear[i] * linear[j] for i in range(4) for j in range(i, 4)]
    np.testing.assert_allclose(model.transform(x)[5], [*linear, *products])


def test_a_map_with_a_delay_is_held_exactly() -> None:
    x = henon(130)[:, 0]  # x(t + 1) = 1 - 1.4 x(t)^2 + 0.3 x(t - 1)
    model = NextGeneration(lags=2, ridge=0.0).fit(x[:110])
    np.testing.assert_allclose(model.forecast(20), x[110:], atol=1e-6)
    np.testing.assert_allclose(model.predict(x[:110])[5:-1], x[6:110], atol=1e-9)


def test_a_series_in_two_parts_has_the_features_of_the_whole() -> None:
    x = henon(60)
    model = NextGeneration(lags=3, stride=2).fit(x[:40])
    whole, _ = model.run(x)
    np.testing.assert_array_equal(model.run(x[40:], model.state_)[0], whole[40:])
    np.testing.assert_allclose(model.forecast(5, x[:40]), model.forecast(5))


def test_lorenz_is_forecast_from_few_rows() -> None:
    x = trajectory("lorenz", 700, dt=0.025, seed=3)
    x = (x - x.mean(0)) / x.std(0)
    forecast = NextGeneration(lags=2, ridge=2.5e-6).fit(x[:400]).forecast(300)
    assert valid_prediction_time(x[400:], forecast, dt=0.025, exponent=0.9056) > 2


def test_it_is_cloned_with_its_parameters() -> None:
    model = NextGeneration(3, stride=2, ridge=0.1)
    assert clone(model).get_params() == {"lags": 3, "stride": 2, "ridge": 0.1}


def test_a_history_too_short_for_its_lags_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 13 rows, of which it leaves out 10"):
        NextGeneration(lags=3, stride=5).fit(henon(12))
