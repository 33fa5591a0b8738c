"""Mackey and Glass' equation: its first delay by hand, its order of convergence, its exponent."""

import numpy as np
import pytest
from scipy.special import lambertw

from axonal.reservoirs.series import mackey_glass, mackey_glass_exponent


def test_the_first_delay_is_solved_exactly() -> None:
    # the delayed value is constant there: x(t) = p / gamma + (x0 - p / gamma) exp(-gamma t)
    past, t = 0.7206597, np.arange(18.0)
    level = 0.2 * past / (1 + past**10) / 0.1
    np.testing.assert_allclose(
        mackey_glass(18, dt=1.0), level + (past - level) * np.exp(-0.1 * t), rtol=1e-8
    )


def test_the_solution_is_that_of_runge_and_kutta_step_by_step() -> None:
    h, m = 17 / 20, 20
    x, slopes = [0.7206597] * (m + 1), [0.0] * m

    def production(d: float) -> float:
        return 0.2 * d / (1 + d**10)

    for k in range(60):
        arriving = 0.0 if k < m else production(x[k + 1 - m]) - 0.1 * x[k + 1]
        middle = (x[k] + x[k + 1]) / 2 + h / 8 * (slopes[k] - arriving)
        first, half, last = map(production, (x[k], middle, x[k + 1]))
        now = x[-1]
        slopes.append(first - 0.1 * now)
        k1 = slopes[-1]
        k2 = half - 0.1 * (now + h / 2 * k1)
        k3 = half - 0.1 * (now + h / 2 * k2)
        k4 = last - 0.1 * (now + h * k3)
        x.append(now + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    found = mackey_glass(60, dt=h, steps_per_delay=m)
    np.testing.assert_allclose(found, x[m : m + 60], rtol=1e-12)


def test_it_converges_with_the_fourth_power_of_the_step() -> None:
    exact, coarse, fine = (mackey_glass(100, dt=1.0, steps_per_delay=n) for n in (680, 17, 34))
    assert 10 < np.abs(coarse - exact).max() / np.abs(fine - exact).max() < 25


def test_its_start_is_left_out_on_request() -> None:
    np.testing.assert_allclose(mackey_glass(5, dt=2.0, discard=6.0), mackey_glass(8, dt=2.0)[3:])


def test_the_exponent_of_a_fixed_point_is_the_root_of_its_characteristic_equation() -> None:
    # at x = 1 the production has the slope -0.4: lambda = -0.4 exp(-lambda tau) - gamma
    tau = 2.0
    root = lambertw(-0.4 * tau * np.exp(0.1 * tau)) / tau - 0.1
    found, error = mackey_glass_exponent(tau=tau, delays=800)
    assert found == pytest.approx(root.real, abs=4 * error + 1e-3)


def test_the_exponent_at_a_delay_of_17_is_near_the_one_of_neurobench() -> None:
    found, error = mackey_glass_exponent(delays=4000)
    assert found == pytest.approx(1 / 197, abs=4 * error)
    assert error < 0.05 * found


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="past as a finite number > 0, got 0"):
        mackey_glass(5, past=0)
    with pytest.raises(ValueError, match="delays as a whole number >= 100, got 5"):
        mackey_glass_exponent(delays=5)
