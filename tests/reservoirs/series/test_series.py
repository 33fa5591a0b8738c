"""Chaotic series: equations, solvers and exponents beside what is known of them."""

import numpy as np
import pytest

from axonal.reservoirs.series import (
    SYSTEMS,
    System,
    lyapunov_exponent,
    lyapunov_spectrum,
    narma,
    trajectory,
)

NAMES = list(SYSTEMS)
QUICK = ("arneodo", "chen", "genesio-tesi", "halvorsen", "lorenz-96", "sprott-b", "sprott-s")
"""Flows whose exponents take a second or less; the others are as in the table, by the same call."""


@pytest.mark.parametrize("name", NAMES)
def test_a_derivative_by_an_imaginary_step_is_that_of_differences(name: str) -> None:
    system = SYSTEMS[name]
    x = np.array(system.start) + 0.1
    v = np.arange(1.0, system.dimension + 1)
    exact = (system.flow(x + 1e-30j * v) / 1e-30).imag
    by_differences = (system.flow(x + 1e-6 * v) - system.flow(x - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(exact, by_differences, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", QUICK)
def test_the_exponent_of_the_table_is_the_one_that_is_computed(name: str) -> None:
    exponent, error = lyapunov_exponent(name, stretches=16, length=8, seed=5)
    assert exponent == pytest.approx(SYSTEMS[name].exponent, abs=5 * error)
    assert error < 0.2 * exponent


def test_the_exponents_of_the_literature_are_met() -> None:
    assert SYSTEMS["lorenz"].exponent == pytest.approx(0.9056, abs=0.01)
    assert SYSTEMS["rossler"].exponent == pytest.approx(0.0714, abs=0.002)


def test_the_sum_of_a_spectrum_is_the_contraction_and_one_exponent_is_zero() -> None:
    found = lyapunov_spectrum("chen", stretches=16, length=10)
    assert found.values.sum() == pytest.approx(-35 + 28 - 3, abs=1e-6)
    assert found.values[1] == pytest.approx(0, abs=5 * found.errors[1] + 1e-3)
    assert found.values.shape == found.errors.shape == (3,)


def test_a_linear_flow_has_the_exponents_of_its_matrix() -> None:
    rates = np.array([[-0.5], [-3.0]])
    system = System(lambda x: (rates * x.reshape(2, -1)).reshape(x.shape), (1.0, 1.0), 1.0, "")
    found = lyapunov_spectrum(system, stretches=2, length=20)
    np.testing.assert_allclose(found.values, [-0.5, -3.0], atol=1e-6)


def test_a_trajectory_is_the_same_by_a_finer_sampling() -> None:
    coarse, fine = (trajectory("lorenz", n, dt=dt) for n, dt in ((11, 0.1), (101, 0.01)))
    np.testing.assert_allclose(coarse, fine[::10], atol=1e-4)


def test_seeds_give_stretches_that_have_nothing_in_common() -> None:
    a, b = (trajectory("rossler", 50, seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(a, trajectory("rossler", 50, seed=0))
    assert np.abs(a - b).max() > 1


def test_samples_are_counted_per_lyapunov_time() -> None:
    dt = 1 / (SYSTEMS["lorenz"].exponent * 50)
    by_time, by_count = (
        trajectory("lorenz", 20, dt=dt),
        trajectory("lorenz", 20, per_lyapunov_time=50),
    )
    np.testing.assert_allclose(by_time, by_count)


def test_narma_follows_its_recurrence() -> None:
    u, y = narma(100, order=3, seed=2)
    for t in range(3, 99):
        memory = 0.05 * y[t] * (y[t] + y[t - 1] + y[t - 2])
        assert y[t + 1] == pytest.approx(0.3 * y[t] + memory + 1.5 * u[t - 2] * u[t] + 0.1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: trajectory("lorentz", 10), "trajectory knows the systems aizawa, .*'lorentz'"),
        (lambda: trajectory("lorenz", 1), "points as a whole number >= 2, got 1"),
        (lambda: trajectory("lorenz", 10, dt=0), "dt as a finite number > 0, got 0"),
        (lambda: lyapunov_spectrum("lorenz", 4), "count as a whole number from 1 to 3, got 4"),
        (lambda: narma(3000, order=40), "narma of order 40 leaves every bound at step .* seed 0"),
        (
            lambda: trajectory(System(lambda x: x**2, (1.0,), 1.0, ""), 10),
            "leaves every bound before time .* outside the basin",
        ),
    ],
)
def test_what_cannot_be_computed_is_refused_in_one_line(call: object, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        call()  # type: ignore[operator]
    assert "\n" not in str(caught.value)
