"""Echo state networks: equations, states, forecasts, and scikit-learn's customs."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from axonal.reservoirs.echo_state import EchoState
from axonal.reservoirs.series import narma, trajectory, valid_prediction_time
from axonal.reservoirs.topology import spectral_radius


@pytest.fixture(scope="module")
def lorenz() -> np.ndarray:
    x = trajectory("lorenz", 1700, per_lyapunov_time=30, seed=3)
    return (x - x.mean(0)) / x.std(0)


def test_states_and_readout_are_those_of_the_equations(lorenz: np.ndarray) -> None:
    model = EchoState(20, leak=0.6, washout=0, ridge=1e-3, seed=1).fit(lorenz[:60])
    w = model.weights_.toarray()
    x, states = np.zeros(20), []
    for u in lorenz[:60]:
        x = 0.4 * x + 0.6 * np.tanh(w @ x + model.input_weights_ @ u + model.bias_)
        states.append(np.concatenate((u, x)))
    np.testing.assert_allclose(model.transform(lorenz[:60]), states, atol=1e-13)
    library = Ridge(1e-3, solver="svd").fit(states[:-1], lorenz[1:60])
    np.testing.assert_allclose(model.coef_, library.coef_, atol=1e-9)
    np.testing.assert_allclose(model.intercept_, library.intercept_, atol=1e-9)


def test_gains_and_offsets_of_plasticity_are_those_of_the_equations(lorenz: np.ndarray) -> None:
    model = EchoState(20, plasticity=2, plasticity_rate=1e-3, leak=0.7).fit(lorenz[:200])
    w, gain, offset = model.weights_.toarray(), np.ones(20), np.zeros(20)
    for _ in range(2):
        x = np.zeros(20)
        for u in lorenz[:200]:
            net = w @ x + model.input_weights_ @ u + model.bias_
            y = np.tanh(gain * net + offset)
            x = 0.3 * x + 0.7 * y
            # aims: mean 0, variance 0.09
            change = -1e-3 * (y / 0.09 * (2 * 0.09 + 1 - y**2))
            gain, offset = gain + 1e-3 / gain + change * net, offset + change
    np.testing.assert_allclose(model.gain_, gain)
    np.testing.assert_allclose(model.offset_, offset)
    net = w @ np.ones(20) + model.input_weights_ @ lorenz[5] + model.bias_
    _, state = model.run(lorenz[5:6], np.ones(20))
    np.testing.assert_allclose(state, 0.3 + 0.7 * np.tanh(gain * net + offset))


def test_the_recurrent_weights_have_the_radius_and_density_asked_for(lorenz: np.ndarray) -> None:
    for units in (80, 600):
        model = EchoState(units, spectral_radius=0.7, degree=6).fit(lorenz[:200])
        radius = np.abs(np.linalg.eigvals(model.weights_.toarray())).max()
        assert radius == pytest.approx(0.7, rel=1e-6)
        assert spectral_radius(model.weights_) == pytest.approx(0.7, rel=1e-6)
        assert model.weights_.nnz == 6 * units


@pytest.mark.parametrize(("radius", "forgets"), [(0.8, True), (3.0, False)])
def test_a_small_radius_forgets_the_first_state_and_a_large_one_does_not(
    radius: float, forgets: bool, lorenz: np.ndarray
) -> None:
    model = EchoState(100, spectral_radius=radius, input_scaling=0.1).fit(lorenz[:300])
    start = np.random.default_rng(0).uniform(-1, 1, 100)
    (_, rest), (_, other) = model.run(lorenz[:300]), model.run(lorenz[:300], start)
    assert (np.abs(rest - other).max() < 1e-8) == forgets


def test_a_series_in_two_parts_has_the_states_of_the_whole(lorenz: np.ndarray) -> None:
    model = EchoState(50).fit(lorenz[:200])
    whole, last = model.run(lorenz[:300])
    np.testing.assert_allclose(model.state_, whole[199, 3:])
    part, end = model.run(lorenz[200:300], model.state_)
    np.testing.assert_allclose(part, whole[200:])
    np.testing.assert_allclose(end, last)
    np.testing.assert_allclose(
        model.predict(lorenz[200:300], model.state_), model.predict(lorenz[:300])[200:]
    )


def test_lorenz_is_forecast_for_some_lyapunov_times(lorenz: np.ndarray) -> None:
    model = EchoState(300, ridge=1e-7).fit(lorenz[:1500])
    forecast = model.forecast(200)
    assert valid_prediction_time(lorenz[1500:], forecast, dt=1 / 30, exponent=1.0) > 2
    assert forecast.shape == (200, 3)
    # its own series as history, and the first row, are nothing else
    np.testing.assert_allclose(model.forecast(20, lorenz[:1500]), forecast[:20])
    np.testing.assert_allclose(model.predict(lorenz[:1500])[-1], forecast[0])


def test_a_forecast_from_another_history_follows_that_history(lorenz: np.ndarray) -> None:
    model = EchoState(300, ridge=1e-7).fit(lorenz[:1300])
    forecast = model.forecast(20, lorenz[1300:1600])
    np.testing.assert_allclose(forecast, lorenz[1600:1620], atol=0.2)


def test_targets_of_ones_own_are_learnt_and_scored() -> None:
    u, y = narma(1200, seed=4)
    model = EchoState(200, spectral_radius=0.9, input_scaling=0.5).fit(u[:900], y[:900])
    assert model.predict(u).shape == (1200,)
    assert model.score(u, y) > 0.6
    with pytest.raises(ValueError, match=r"fitted to targets of its own: fit\(X\) without y"):
        model.forecast(3)


def test_it_is_an_estimator_like_others() -> None:
    u, y = narma(600, seed=1)
    model = EchoState(30, leak=0.5, ridge=1e-3)
    assert clone(model).get_params() == model.get_params()
    assert clone(model.set_params(units=40)).units == 40
    pipeline = make_pipeline(StandardScaler(), EchoState(30, washout=20), StandardScaler(), Ridge())
    assert pipeline.fit(u[:, None], y).score(u[:, None], y) > 0
    search = GridSearchCV(EchoState(30, washout=20), {"leak": [0.5, 1.0]}, cv=TimeSeriesSplit(2))
    assert search.fit(u, y).best_params_["leak"] in (0.5, 1.0)


def test_plasticity_brings_activities_near_the_ones_aimed_at(lorenz: np.ndarray) -> None:
    spreads, aims = [], {"plasticity_deviation": 0.2, "spectral_radius": 0.5}
    for passes in (0, 10):
        model = EchoState(60, input_scaling=2.0, plasticity=passes, **aims)
        spreads.append(model.fit(lorenz[:900]).transform(lorenz[:900])[100:, 3:].std(0).mean())
    assert abs(spreads[1] - 0.2) < 0.05 < abs(spreads[0] - 0.2)


def test_a_rate_at_which_gains_change_their_sign_is_refused(lorenz: np.ndarray) -> None:
    model = EchoState(60, input_scaling=2.0, plasticity=10, plasticity_rate=5e-3)
    with pytest.raises(ValueError, match=r"plasticity_rate of 0.005 lets gains .* a lower rate"):
        model.fit(lorenz[:900])


def test_a_forecast_that_runs_away_stays_finite_and_says_so(lorenz: np.ndarray) -> None:
    model = EchoState(30).fit(lorenz[:300])
    model.coef_ = 50 * np.eye(3, 33)
    with pytest.warns(RuntimeWarning, match="runs away at row [12], beyond 100 times the training"):
        found = model.forecast(50)
    assert np.isfinite(found).all()
    assert (found[2:] == found[1]).all()


NAN = np.array([[1.0], [np.nan]])


@pytest.mark.parametrize(
    ("x", "parameters", "words"),
    [
        (np.ones(300), {}, r"series that change, but column 0 of X is constant \(1\)"),
        (NAN, {}, "finite X, got nan in row 1"),
        (np.arange(50.0), {}, "at least 103 rows, of which it leaves out 100 at the start, got 50"),
        (np.ones((2, 2, 2)), {}, r"X \[T, D\] or \[T\] with a row at least, got \(2, 2, 2\)"),
        (np.arange(300.0), {"leak": 0}, "EchoState expects leak as a finite number above 0 to 1"),
        (np.arange(300.0), {"units": 0}, "EchoState expects units as a whole number >= 1, got 0"),
        (np.arange(300.0), {"ridge": -1}, "EchoState expects ridge as a finite number >= 0"),
        (np.arange(300.0), {"units": 3, "degree": 0.1}, "spectral radius is zero"),
    ],
)
def test_what_cannot_be_learnt_is_refused_in_one_line(
    x: np.ndarray, parameters: dict[str, float], words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        EchoState(**{"units": 20, **parameters}).fit(x)
    assert "\n" not in str(caught.value)


def test_other_rows_than_those_of_fit_are_refused(lorenz: np.ndarray) -> None:
    with pytest.raises(NotFittedError, match="predict comes after fit"):
        EchoState().predict(lorenz)
    model = EchoState(20).fit(lorenz[:200])
    with pytest.raises(ValueError, match=r"expects X \[T, 3\] as in fit, got \(10, 2\)"):
        model.predict(np.ones((10, 2)))
    with pytest.raises(ValueError, match="a row of y per row of X, got 3 and 200"):
        model.fit(lorenz[:200], np.ones(3))


def test_the_radius_of_a_nilpotent_matrix_is_zero() -> None:
    assert spectral_radius(sparse.csr_array(np.triu(np.ones((4, 4)), 1))) == 0
