"""The Hopfield model at finite load reproduces the reference values of its phase diagram."""

import numpy as np
import pytest
from helpers.hebbian_fixtures import table
from hypothesis import given
from hypothesis import strategies as st

from axonal.hebbian import Hopfield
from axonal.hebbian.theory import hopfield
from axonal.hebbian.theory._quadrature import field_averages

MEMORY = Hopfield()

# alpha, T_M, T_c
BOUNDARIES = np.array([
    [0.005, 0.859994, 0.807363], [0.01, 0.801018, 0.721624], [0.02, 0.716481, 0.591300],
    [0.03, 0.650417, 0.478793], [0.04, 0.593569, 0.365231], [0.05, 0.542255, 0.216383],
    [0.06, 0.494479, np.nan], [0.07, 0.448927, np.nan], [0.08, 0.404571, np.nan],
    [0.09, 0.360442, np.nan], [0.10, 0.315432, np.nan], [0.11, 0.267954, np.nan],
    [0.12, 0.215087, np.nan], [0.13, 0.148919, np.nan], [0.135, 0.100611, np.nan],
])  # fmt: skip

# T, alpha_M, m there, alpha_c
SPINODAL = np.array([
    [0.01, 0.138099, 0.9672, 0.052134], [0.02, 0.138184, 0.9669, 0.052379],
    [0.0225, 0.138188, 0.9668, 0.052436], [0.05, 0.137794, 0.9657, 0.052911],
    [0.1, 0.135049, 0.9626, 0.053092], [0.2, 0.122559, 0.9509, 0.050725],
    [0.3, 0.103330, 0.9292, 0.045031], [0.4, 0.081037, 0.8949, 0.037047],
    [0.5, 0.058816, 0.8459, 0.028076], [0.6, 0.038809, 0.7799, 0.019264],
    [0.7, 0.022322, 0.6933, 0.011482], [0.8, 0.010101, 0.5786, 0.005370],
    [0.9, 0.002568, 0.4164, 0.001409],
])  # fmt: skip

# m(T, alpha), nan where nothing is retrieved
GRID_ALPHA = [0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.12, 0.13]
GRID = {
    0.1: [1.000000, 1.000000, 0.999998, 0.999954, 0.999104, 0.996751, 0.990054, 0.981151],
    0.2: [0.999850, 0.999752, 0.999588, 0.998878, 0.995449, 0.989085, 0.967768, np.nan],
    0.3: [0.996732, 0.995852, 0.994703, 0.991165, 0.979182, 0.953020, np.nan, np.nan],
    0.4: [0.983273, 0.980397, 0.976811, 0.966187, 0.912852, np.nan, np.nan, np.nan],
    0.5: [0.951930, 0.945004, 0.936049, 0.904106, np.nan, np.nan, np.nan, np.nan],
    0.6: [0.895436, 0.879290, 0.854070, np.nan, np.nan, np.nan, np.nan, np.nan],
    0.7: [0.801816, 0.747334, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan],
}  # fmt: skip

# alpha, m, error, r at T = 0
COLD = np.array([
    [0.05, 0.99999223, 3.89e-6, 1.000325], [0.08, 0.99955738, 2.213e-4, 1.011815],
    [0.10, 0.99799927, 1.000e-3, 1.043059], [0.11, 0.99626439, 1.868e-3, 1.073151],
    [0.12, 0.99322273, 3.389e-3, 1.121359], [0.13, 0.98721189, 6.394e-3, 1.209519],
    [0.135, 0.98079132, 9.604e-3, 1.299713], [0.1379, 0.96810121, 1.595e-2, 1.476212],
])  # fmt: skip


def free_energy(alpha, T, m, q, r):
    """The functional of the replica-symmetric theory away from its saddle points."""
    beta, gap = 1 / T, 1 - (1 - q) / T
    log = field_averages(np.array(m), np.sqrt(np.array(alpha * r)), np.array(T)).log
    return (
        m**2 / 2
        + alpha / (2 * beta) * (np.log(gap) - beta * q / gap)
        + alpha * beta * r * (1 - q) / 2
        - log
    )


def test_capacity_at_zero_temperature():
    assert MEMORY.alpha_M(0.0) == pytest.approx(0.1379055665, abs=1e-8)
    assert hopfield.zero_temperature_capacity()[0] == pytest.approx(0.1379055665, abs=1e-10)
    assert MEMORY.spinodal(0.0).m == pytest.approx(0.9674171, abs=1e-5)
    assert MEMORY.alpha_c(0.0) == pytest.approx(0.0518543, abs=1e-7)


def test_states_at_zero_temperature():
    state = MEMORY.theory(COLD[:, 0], 0.0)
    np.testing.assert_allclose(state.m, COLD[:, 1], rtol=0, atol=6e-9)
    np.testing.assert_allclose((1 - state.m) / 2, COLD[:, 2], rtol=1.1e-3)
    np.testing.assert_allclose(state.r, COLD[:, 3], rtol=0, atol=6e-7)


def test_the_spinodal_and_coexistence_temperatures():
    alpha = BOUNDARIES[:, 0]
    np.testing.assert_allclose(MEMORY.T_g(alpha), 1 + np.sqrt(alpha), rtol=1e-15)
    np.testing.assert_allclose(MEMORY.T_M(alpha), BOUNDARIES[:, 1], rtol=0, atol=6e-7)
    np.testing.assert_allclose(MEMORY.T_c(alpha), BOUNDARIES[:, 2], rtol=0, atol=6e-7)


def test_the_spinodal_and_coexistence_loads():
    T = SPINODAL[:, 0]
    np.testing.assert_allclose(MEMORY.alpha_M(T), SPINODAL[:, 1], rtol=0, atol=6e-7)
    np.testing.assert_allclose(MEMORY.alpha_c(T), SPINODAL[:, 3], rtol=0, atol=6e-7)
    np.testing.assert_allclose(MEMORY.spinodal(T).m, SPINODAL[:, 2], rtol=0, atol=6e-5)


def test_the_overlap_over_load_and_temperature():
    state = MEMORY.theory(GRID_ALPHA, np.array(list(GRID))[:, None])
    np.testing.assert_allclose(state.m, list(GRID.values()), rtol=0, atol=6e-7)
    np.testing.assert_array_equal(state.exists, ~np.isnan(list(GRID.values())))


def test_the_shared_tables():
    T0 = table("ags_T0.csv")
    state = MEMORY.theory(T0[:, 0], 0.0)
    for value, column in ((state.m, 1), ((1 - state.m) / 2, 2), (state.r, 3), (state.f, 4)):
        np.testing.assert_allclose(value, T0[:, column], rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        MEMORY.theory(T0[:, 0], 0.0, "spin-glass").f, T0[:, 5], rtol=0, atol=1e-9
    )
    edges = table("ags_boundaries_vs_alpha.csv")
    np.testing.assert_allclose(MEMORY.T_M(edges[:, 0]), edges[:, 2], rtol=0, atol=1e-7)
    np.testing.assert_allclose(MEMORY.T_c(edges[:, 0]), edges[:, 3], rtol=0, atol=1e-6)
    line = table("ags_spinodal_vs_T.csv")
    np.testing.assert_allclose(MEMORY.alpha_M(line[:, 0]), line[:, 1], rtol=0, atol=1e-7)
    np.testing.assert_allclose(MEMORY.alpha_c(line[:, 0]), line[:, 6], rtol=0, atol=1e-6)
    edge = MEMORY.spinodal(line[:, 0])
    np.testing.assert_allclose(edge.m, line[:, 2], rtol=0, atol=1e-6)
    np.testing.assert_allclose(edge.q, line[:, 3], rtol=0, atol=1e-6)
    np.testing.assert_allclose(edge.r, line[:, 4], rtol=1e-6)
    np.testing.assert_allclose(edge.replicon, line[:, 5], rtol=1e-6)


def test_both_lines_are_re_entrant():
    assert MEMORY.alpha_M(0.0225) > MEMORY.alpha_M(0.0)
    assert MEMORY.alpha_M(0.0225) > MEMORY.alpha_M(0.05)
    assert MEMORY.alpha_c(0.08) > MEMORY.alpha_c(0.0)
    # Two temperatures have this load; the upper one is the line.
    assert 0.0225 < MEMORY.T_M(0.1381) < 0.05
    assert np.isnan(MEMORY.T_M(0.1382))


def test_replica_symmetry_breaks_on_the_spinodal_and_inside_retrieval():
    assert MEMORY.T_AT_spinodal() == pytest.approx(0.0251, abs=3e-4)
    alpha = [0.10, 0.11, 0.12, 0.13, 0.135]
    T_R = [0.001450, 0.002729, 0.004988, 0.009473, 0.014210]
    np.testing.assert_allclose(MEMORY.T_AT(alpha), T_R, rtol=0, atol=6e-7)
    below, above = MEMORY.theory(alpha, np.array(T_R) * [[0.99], [1.01]]).stable
    assert not below.any()
    assert above.all()
    assert MEMORY.T_AT([0.0, 1e-4]).tolist() == [0, 0]
    # Also where the phase has no end at T = 0.
    T = MEMORY.T_AT([0.1380, 0.1381])
    np.testing.assert_allclose(MEMORY.theory([0.1380, 0.1381], T).replicon, 1, rtol=1e-9)


@pytest.mark.parametrize("phase", ["retrieval", "spin-glass"])
@pytest.mark.parametrize(("alpha", "T"), [(0.05, 0.3), (0.10, 0.1), (0.01, 0.7)])
def test_the_free_energy_is_stationary_at_a_state(alpha, T, phase):
    state = MEMORY.theory(alpha, T, phase)
    at = {"m": float(state.m), "q": float(state.q), "r": float(state.r)}
    assert free_energy(alpha, T, **at) == pytest.approx(float(state.f), abs=1e-13)
    for name in at:
        step = 1e-6
        up = free_energy(alpha, T, **{**at, name: at[name] + step})
        down = free_energy(alpha, T, **{**at, name: at[name] - step})
        assert (up - down) / (2 * step) == pytest.approx(0, abs=1e-7)


def test_no_load_is_a_ferromagnet():
    T = np.array([0.2, 0.5, 0.9])
    state = MEMORY.theory(0.0, T)
    np.testing.assert_allclose(state.m, np.tanh(state.m / T), rtol=1e-13)
    expected = state.m**2 / 2 - T * np.log(2 * np.cosh(state.m / T))
    np.testing.assert_allclose(state.f, expected, rtol=1e-13)
    np.testing.assert_allclose(MEMORY.theory(1e-9, T).f, expected, rtol=0, atol=1e-8)
    assert MEMORY.theory(0.0, 0.0).m == 1


@given(st.floats(1e-4, 0.137), st.floats(0.0, 0.99))
def test_a_state_solves_its_equations(alpha, T):
    state = MEMORY.theory(alpha, T)
    if not state.exists:
        assert alpha > MEMORY.alpha_M(T)
        assert np.isnan(state.m)
        return
    field = field_averages(state.m, np.sqrt(alpha * state.r), np.array(T))
    assert field.tanh == pytest.approx(float(state.m), abs=1e-12)
    assert field.tanh2 == pytest.approx(float(state.q), abs=1e-12)
    # The physical branch: the largest overlap at this load, and no fake root of small m.
    assert state.m >= MEMORY.spinodal(T).m - 1e-6
    assert field.response < 1
    assert state.r == pytest.approx(float(state.q / (1 - field.response) ** 2), rel=1e-9)


def test_no_fake_states_at_low_temperature():
    T = np.array([1e-12, 1e-6, 1e-4, 1e-3])
    np.testing.assert_allclose(MEMORY.alpha_M(T), 0.1379055665, rtol=0, atol=3e-5)
    assert not MEMORY.theory(0.14, T).exists.any()


def test_the_glass_and_the_paramagnet_meet_at_their_transition():
    alpha = np.array([0.02, 0.1, 0.5])
    T_g = MEMORY.T_g(alpha)
    assert not MEMORY.theory(alpha, T_g * 1.001, "spin-glass").exists.any()
    below = MEMORY.theory(alpha, T_g * 0.999, "spin-glass")
    assert (below.q < 0.01).all()
    assert not below.stable.any()
    above = MEMORY.theory(alpha, T_g * 1.001, "paramagnet")
    assert above.stable.all()
    assert not MEMORY.theory(alpha, T_g * 0.999, "paramagnet").stable.any()
    np.testing.assert_allclose(above.f, below.f, rtol=0, atol=2e-3)


def test_the_map_of_phases_follows_its_lines():
    alpha = np.array([0.03, 0.03, 0.03, 0.03, 0.1, 0.14, 0.0])
    T = np.array([0.4, 0.6, 0.7, 1.3, 0.1, 0.1, 0.5])
    assert MEMORY.phases(alpha, T).tolist() == [3, 2, 1, 0, 2, 1, 3]


def test_mixtures_of_three_patterns():
    cold = MEMORY.mixture(0.0, 0.0, 3)
    assert cold.m == pytest.approx(0.5)
    assert cold.f == pytest.approx(-0.375)  # -3 m^2 / 2
    # Stable below T = 0.46 for three patterns, never for two (Amit, Gutfreund, Sompolinsky 1985).
    assert MEMORY.mixture(0.0, [0.459, 0.461], 3).stable.tolist() == [True, False]
    assert not MEMORY.mixture(0.0, [0.1, 0.3, 0.6], 2).stable.any()
    one = MEMORY.mixture(0.05, 0.3, 1)
    assert one.m == pytest.approx(float(MEMORY.theory(0.05, 0.3).m), abs=1e-12)
    assert MEMORY.mixture(0.01, 0.1, 3).f > MEMORY.theory(0.01, 0.1).f
    # They die at a smaller load than the patterns: 0.03 for three (Amit, Gutfreund, Sompolinsky).
    assert MEMORY.mixture([0.025, 0.035], 0.0, 3).exists.tolist() == [True, False]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MEMORY.theory(-0.1, 0.2), "Hopfield.theory expects finite alpha >= 0, got -0.1"),
        (lambda: MEMORY.theory(0.1, [0.2, np.nan]), "expects finite T >= 0, got nan"),
        (lambda: MEMORY.theory(0.1, "cold"), "real numbers for T, got 'cold'"),
        (lambda: MEMORY.theory(0.1, 0.2, "glass"), "one of retrieval, spin-glass, .*'glass'"),
        (lambda: MEMORY.alpha_M(-1), "Hopfield.alpha_M expects finite T >= 0, got -1"),
        (lambda: MEMORY.T_M(np.inf), "Hopfield.T_M expects finite alpha >= 0, got inf"),
        (lambda: MEMORY.mixture(0.1, 0.2, 0), "patterns as a whole number >= 1, got 0"),
        (lambda: Hopfield(quality=0.0, examples=3), r"quality r in \(0, 1\], got 0.0"),
        (lambda: Hopfield(quality=1.5), r"quality r in \(0, 1\], got 1.5"),
        (lambda: Hopfield(quality=0.5), "say how many a pattern, examples=M"),
        (lambda: Hopfield(0.5, examples=0), "examples as a whole number >= 1, got 0"),
        (
            lambda: Hopfield(0.5, 3, protocol="both"),
            "unsupervised; got 'both'",
        ),
        (
            lambda: Hopfield(0.5, 3, noise="white"),
            "one of binomial, gaussian; got 'white'",
        ),
        (lambda: Hopfield(0.5, 3).mixture(0.1, 0.2), "clean patterns only: use quality=1"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises((ValueError, TypeError), match=message) as error:
        call()
    assert "\n" not in str(error.value)
