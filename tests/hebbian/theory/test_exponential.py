"""Thresholds and basins of memories of exponentially many patterns."""

import numpy as np
import pytest
from helpers.hebbian_fixtures import table
from hypothesis import given
from hypothesis import strategies as st

from axonal.hebbian import ExponentialMemory
from axonal.hebbian.theory import exponential

BINARY, SPHERICAL = ExponentialMemory("binary"), ExponentialMemory("spherical")

# lambda, alpha_1 binary, alpha_1 spherical
THRESHOLDS = np.array([
    [0.1, 0.095008, 0.095025], [0.25, 0.219070, 0.219654], [0.5, 0.379885, 0.387006],
    [1, 0.566219, 0.622572], [2, 0.674997, 0.908754], [5, 0.693102, 1.329698],
    [10, 0.693147, 1.663790],
])  # fmt: skip


def test_the_threshold_of_typical_patterns():
    lam = THRESHOLDS[:, 0]
    np.testing.assert_allclose(BINARY.alpha_1(lam), THRESHOLDS[:, 1], rtol=0, atol=6e-7)
    np.testing.assert_allclose(BINARY.alpha_1(lam), lam - np.log(np.cosh(lam)), rtol=1e-12)
    np.testing.assert_allclose(SPHERICAL.alpha_1(lam), THRESHOLDS[:, 2], rtol=0, atol=6e-7)
    assert BINARY.alpha_1(500.0) == pytest.approx(np.log(2), abs=1e-13)


def test_the_shared_table():
    rows = table("exp_dam_thresholds.csv")
    lam = rows[:, 0]
    for values, column in (
        (BINARY.alpha_1(lam), 1),
        (SPHERICAL.alpha_1(lam), 3),
        (BINARY.alpha_basin(lam, 0.5), 4),
        (BINARY.alpha_basin(lam, 0.8), 5),
        (SPHERICAL.alpha_basin(lam, 0.5), 6),
        (SPHERICAL.alpha_basin(lam, 0.8), 7),
    ):
        np.testing.assert_allclose(values, rows[:, column], rtol=1e-7, atol=1e-9)


def test_basins_saturate_by_condensation():
    for start, binary, spherical in ((0.5, 0.130812, 0.143841), (0.8, 0.368064, 0.510826)):
        assert BINARY.alpha_basin(50.0, start) == pytest.approx(binary, abs=6e-7)
        assert SPHERICAL.alpha_basin(50.0, start) == pytest.approx(spherical, abs=6e-7)
        assert SPHERICAL.alpha_basin(50.0, start) == pytest.approx(-0.5 * np.log(1 - start**2))


def test_the_sharpness_that_retrieves_in_one_step():
    # Monte Carlo at alpha = 0.25 from 0.79: nothing up to 0.36, everything from 0.42.
    state = BINARY.theory(0.25, [0.36, 0.42])
    assert state.basin[0] > 0.79
    assert state.basin[1] == pytest.approx(0.79, abs=0.01)


@given(st.sampled_from(["binary", "spherical"]), st.floats(0.05, 20), st.floats(0.05, 1))
def test_the_edge_of_a_basin_is_where_noise_equals_signal(kind, lam, start):
    memory = ExponentialMemory(kind)
    alpha = float(memory.alpha_basin(lam, start))
    if alpha > 0 and np.isfinite(alpha):
        assert memory.theory(alpha, lam).basin == pytest.approx(start, abs=1e-7)


@given(st.sampled_from(["binary", "spherical"]), st.floats(0.01, 20))
def test_the_noise_is_smooth_where_it_condenses(kind, lam):
    load = ExponentialMemory(kind).alpha_condensed(lam)
    below = ExponentialMemory(kind).theory(load * (1 - 1e-9), lam)
    above = ExponentialMemory(kind).theory(load * (1 + 1e-9), lam)
    assert below.condensed
    assert not above.condensed
    assert below.noise == pytest.approx(float(above.noise), rel=1e-6)


def test_the_best_overlap_maximises_what_patterns_add():
    m = np.linspace(0, 1, 200_001)[:-1]
    for kind in ("binary", "spherical"):
        for lam in (0.1, 1.0, 4.0):
            brute = (lam * m - exponential.rate(m, kind)).max()
            assert exponential.uncondensed(np.array(lam), kind) == pytest.approx(brute, abs=1e-9)


def test_no_load_has_no_noise():
    state = BINARY.theory(0.0, 1.0)
    assert state.exists
    assert state.basin == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ExponentialMemory("ternary"),
            "one of binary, spherical; got 'ternary'",
        ),
        (lambda: BINARY.theory(-1, 1), "finite alpha >= 0, got -1"),
        (lambda: BINARY.theory(0.1, 0), "expects lam > 0, got 0"),
        (lambda: BINARY.alpha_basin(1.0, 1.5), r"start in \[0, 1\], got 1.5"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message):
        call()
