"""Timescales: known processes are measured as they are."""

import numpy as np
import pytest

from axonal.reservoirs.criticality import autocorrelation, timescale


def process(tau: float, steps: int = 4000, trials: int = 8, seed: int = 0) -> np.ndarray:
    """First-order autoregressive noise [T, B, 1], whose autocorrelation is exp(-k / tau)."""
    rng, decay = np.random.default_rng(seed), np.exp(-1 / tau)
    x = np.zeros((steps, trials, 1))
    for t in range(1, steps):
        x[t] = decay * x[t - 1] + rng.standard_normal((trials, 1))
    return x


@pytest.mark.parametrize("tau", [1.5, 4.0, 9.0])
def test_the_time_constant_of_autoregressive_noise_is_found(tau: float) -> None:
    c = autocorrelation(process(tau), 40)[:, 0]
    assert c[0] == pytest.approx(1)
    fit = timescale(c)
    assert fit.tau == pytest.approx(tau, rel=0.12)


def test_two_exponentials_are_taken_where_there_are_two() -> None:
    k = np.arange(31)
    one, two = timescale(np.exp(-k / 5)), timescale(0.6 * np.exp(-k / 1.5) + 0.4 * np.exp(-k / 12))
    assert len(one.taus) == 1 and one.taus[0] == pytest.approx(5)
    assert two.taus == pytest.approx((1.5, 12), rel=1e-3)
    assert two.shares == pytest.approx((0.6, 0.4), rel=1e-3)


def test_units_and_trials_do_not_mix_and_still_units_are_zero() -> None:
    slow, fast = process(9.0), process(1.5, seed=1)
    both = autocorrelation(np.concatenate([slow, fast, 0 * slow], 2), 10)
    assert np.allclose(both[:, 0], autocorrelation(slow, 10)[:, 0])
    assert np.allclose(both[:, 1], autocorrelation(fast, 10)[:, 0])
    assert not both[:, 2].any()
    assert autocorrelation(slow[:, 0], 5).shape == (6, 1)


def test_what_does_not_fit_is_one_line() -> None:
    for call, said in (
        (lambda: autocorrelation(np.zeros(5), 2), r"states \[T, B, N\], got shape \(5,\)"),
        (lambda: autocorrelation(np.zeros((5, 1, 1)), 5), "lags as a whole number from 1 to 4"),
        (lambda: timescale([1.0, 0.5]), "6 lags or more"),
        (lambda: timescale([1.0, np.nan] * 5), "finite"),
    ):
        with pytest.raises(ValueError, match=said) as caught:
            call()
        assert "\n" not in str(caught.value)
