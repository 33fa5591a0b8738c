"""Errors of means by blocking, over samples and by the jackknife."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from axonal.hebbian.montecarlo import statistics


def test_blocking_finds_the_error_of_a_correlated_series() -> None:
    # x_t = a x_(t - 1) + noise: tau = (1 + a) / (1 - a) / 2, variance 1 / (1 - a^2).
    generator = np.random.default_rng(0)
    a, length = 0.9, 1 << 15
    noise = generator.standard_normal(length)
    series = list(itertools.accumulate(noise, lambda x, n: a * x + n))
    tau = statistics.autocorrelation_time(series)
    assert tau == pytest.approx(9.5, rel=0.15)
    exact = math.sqrt(2 * 9.5 / length / (1 - a * a))
    assert statistics.blocking(series) == pytest.approx(exact, rel=0.25)
    assert statistics.blocking(noise) == pytest.approx(1 / math.sqrt(length), rel=0.25)


def test_the_jackknife_gives_the_usual_error_of_a_mean_and_removes_bias() -> None:
    x = np.random.default_rng(1).standard_normal(50)
    mean, error = statistics.jackknife(lambda v: float(v.mean()), x)
    assert mean == pytest.approx(x.mean())
    assert error == pytest.approx(x.std(ddof=1) / math.sqrt(50))
    variance, _ = statistics.jackknife(lambda v: float(v.var()), x)
    assert variance == pytest.approx(x.var(ddof=1))


def test_survivors_count_every_sample_once() -> None:
    found = statistics.survivors([[0.9, 0.7], [0.1, 0.6], [0.2, 0.2]], [[1, 1], [0, 1], [0, 0]])
    assert found.samples == 2
    assert found.mean == pytest.approx(0.7)
    assert found.error == pytest.approx(np.std([0.8, 0.6], ddof=1) / math.sqrt(2))
    assert math.isnan(statistics.survivors([[0.5]], [[True]]).error)


@pytest.mark.parametrize("call", [statistics.blocking, statistics.autocorrelation_time])
def test_a_series_without_values_is_refused(call: Callable[[object], float]) -> None:
    with pytest.raises(ValueError, match="not empty"):
        call([])
