"""Dense memories reproduce the reference values, with distinct indices and with overlaps."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from helpers.hebbian_fixtures import table

from axonal.hebbian import DenseHopfield, Hopfield
from axonal.hebbian.theory import dense
from axonal.hebbian.theory._quadrature import field_averages

# P, gamma_c, m_c, K_c / N^(P-1), zero-load T_M
CAPACITY = [
    (3, 0.25219043, 0.83848227, 0.12609522, 0.582583),
    (4, 0.19786012, 0.91792194, 0.03297669, 0.495786),
    (5, 0.17277255, 0.94724252, 0.00719886, 0.451204),
    (6, 0.15767954, 0.96198724, 0.00131400, 0.422720),
    (8, 0.13970033, 0.97636906, 2.771832e-5, 0.386940),
    (10, 0.12893608, 0.98323479, 3.553133e-7, 0.364457),
]


@pytest.mark.parametrize(("P", "gamma", "m", "K", "T"), CAPACITY)
def test_capacity_at_zero_temperature(P, gamma, m, K, T):
    memory = DenseHopfield(P)
    assert memory.gamma_M(0.0) == pytest.approx(gamma, abs=1e-8)
    assert dense.zero_temperature_capacity(P) == pytest.approx((gamma, m), abs=1e-8)
    assert memory.spinodal(0.0).m == pytest.approx(m, abs=1e-7)
    assert memory.patterns(gamma, 1000) / 1000 ** (P - 1) == pytest.approx(K, rel=1e-5)
    assert memory.T_M(0.0) == pytest.approx(T, abs=6e-7)


def test_pairs_without_reaction_are_the_diluted_network():
    assert dense.zero_temperature_capacity(2) == (pytest.approx(0.63661977, abs=1e-8), 0)


def test_the_shared_table_of_capacities():
    for P, gamma, _, m, K, _ in table("dense_T0_capacity.csv"):
        found = dense.zero_temperature_capacity(int(P))
        assert found == pytest.approx((gamma, m), abs=1e-8)
        assert found[0] / factorial(int(P) - 1) == pytest.approx(K, rel=1e-8)


def test_the_spinodal_load_at_finite_temperature():
    three = DenseHopfield(3).gamma_M([0.1, 0.2, 0.3, 0.4, 0.5])
    expected = [0.279053, 0.299063, 0.309585, 0.282523, 0.154925]
    np.testing.assert_allclose(three, expected, rtol=0, atol=6e-7)
    four = DenseHopfield(4).gamma_M([0.1, 0.2, 0.25, 0.3, 0.4, 0.5])
    expected = [0.217668, 0.229167, 0.229544, 0.219133, 0.136610, 0]
    np.testing.assert_allclose(four, expected, rtol=0, atol=6e-7)
    assert DenseHopfield(3).T_M(0.282523) == pytest.approx(0.4, abs=1e-5)


@pytest.mark.parametrize(("P", "T"), [(3, 0.31), (4, 0.23), (5, 0.20), (6, 0.18)])
def test_the_cold_spinodal_is_flagged_unstable(P, T):
    memory = DenseHopfield(P)
    assert memory.T_AT_spinodal() == pytest.approx(T, abs=5e-3)
    edge = memory.T_AT_spinodal()
    assert memory.spinodal([0.0, 0.99 * edge, 1.01 * edge]).stable.tolist() == [False, False, True]


def test_overlaps_inside_the_retrieval_phase():
    assert DenseHopfield(3).theory([0.18, 0.24], 0.3).m == pytest.approx([0.9356, 0.8773], abs=5e-5)
    assert DenseHopfield(4).theory([0.10, 0.16], 0.2).m == pytest.approx([0.9927, 0.9697], abs=5e-5)
    six_tenths = 0.6 * DenseHopfield(4).gamma_M(0.0)
    assert DenseHopfield(4).theory(six_tenths, 0.2).m == pytest.approx(0.988, abs=5e-4)
    assert not DenseHopfield(4, "overlap").theory(six_tenths, 0.2).exists
    assert DenseHopfield(4, "overlap").theory(six_tenths / 2, 0.2).m == pytest.approx(
        0.973, abs=5e-4
    )


def test_the_crosstalk_of_overlaps_keeps_the_lower_orders():
    known = {
        3: {0: 1, 2: 2},
        4: {1: 9, 3: 6},
        5: {0: 9, 2: 72, 4: 24},
        6: {1: 225, 3: 600, 5: 120},
    }
    for P, shares in known.items():
        memory = DenseHopfield(P, "overlap")
        coefficients = np.array(memory._system().crosstalk.coefficients) * factorial(P - 1)
        np.testing.assert_allclose(coefficients, [shares.get(k, 0) for k in range(P)], rtol=1e-14)
        double_factorial = np.prod(np.arange(2 * P - 3, 0, -2))
        assert coefficients.sum() == pytest.approx(double_factorial)


def test_odd_overlaps_freeze_at_every_temperature():
    state = DenseHopfield(3, "overlap").theory(0.3, [0.1, 0.5, 2.0, 10.0], "paramagnet")
    assert (state.q > 0).all()
    field = field_averages(np.zeros(4), np.sqrt(0.3 * state.r), np.array([0.1, 0.5, 2.0, 10.0]))
    np.testing.assert_allclose(field.tanh2, state.q, rtol=1e-10)
    np.testing.assert_allclose(state.r, (1 + 2 * state.q**2) / 2, rtol=1e-12)
    even = DenseHopfield(4, "overlap").theory(0.3, [0.1, 2.0], "paramagnet")
    assert (even.q == 0).all()
    assert even.stable.tolist() == [False, True]


@pytest.mark.parametrize(("P", "interaction"), [(3, "distinct"), (5, "overlap"), (4, "overlap")])
@pytest.mark.parametrize("phase", ["retrieval", "spin-glass"])
def test_the_free_energy_is_stationary_at_a_state(P, interaction, phase):
    memory, gamma, T = DenseHopfield(P, interaction), 0.02, 0.1
    if phase == "spin-glass":
        gamma = 0.3
    state = memory.theory(gamma, T, phase)
    assert state.exists
    powers = np.array(memory._system().crosstalk.coefficients)

    def f(m, q):
        kappa = np.polynomial.Polynomial(powers)
        G = kappa.integ()
        log = field_averages(np.array(m ** (P - 1)), np.sqrt(gamma * kappa(q)), np.array(T)).log
        noise = gamma / (2 * T) * (G(1) - G(q) - (1 - q) * kappa(q))
        return (1 - 1 / P) * m**P - noise - log

    m, q = float(state.m), float(state.q)
    assert f(m, q) == pytest.approx(float(state.f), abs=1e-12)
    step = 1e-6
    assert (f(m + step, q) - f(m - step, q)) / (2 * step) == pytest.approx(0, abs=1e-7)
    assert (f(m, q + step) - f(m, q - step)) / (2 * step) == pytest.approx(0, abs=1e-7)


def test_the_paramagnet_has_its_closed_free_energy():
    T = np.array([0.3, 1.0])
    state = DenseHopfield(5).theory(0.2, T, "paramagnet")
    np.testing.assert_allclose(state.f, -T * np.log(2) - 0.2 / (2 * 5 * T), rtol=1e-14)
    assert state.stable.all()


def test_pairs_are_the_hopfield_model():
    pairs, hopfield = DenseHopfield(2), Hopfield()
    assert pairs.theory(0.08, 0.3).m == hopfield.theory(0.08, 0.3).m
    assert pairs.gamma_M(0.1) == hopfield.alpha_M(0.1)


def test_lines_bound_the_states():
    memory = DenseHopfield(3)
    gamma = np.array([0.05, 0.2, 0.3])
    T_M, T_AT, T_c = memory.T_M(gamma), memory.T_AT(gamma), memory.T_c(gamma[:2])
    assert memory.theory(gamma, T_M * 0.9999).exists.all()
    assert not memory.theory(gamma, T_M * 1.0001).exists.any()
    assert memory.theory(gamma, T_AT * 1.01).stable.all()
    assert not memory.theory(gamma, T_AT * 0.99).stable.any()
    below = memory.theory(gamma[:2], T_c).f - memory.theory(gamma[:2], T_c, "paramagnet").f
    np.testing.assert_allclose(below, 0, atol=1e-12)
    assert (gap := memory.T_c(0.0)) < memory.T_M(0.0)
    assert memory.theory(0.0, gap).f == pytest.approx(-gap * np.log(2), abs=1e-9)
    assert memory.phases(0.2, [0.38, 0.41, 0.6]).tolist() == [3, 2, 0]


def test_elementary_symmetric_polynomials_equal_brute_force():
    rng = np.random.default_rng(0)
    for _ in range(20):
        signs = rng.choice([-1, 1], 9)
        for order in range(6):
            products = [np.prod(c) for c in combinations(signs, order)]
            assert dense.elementary_symmetric(order, signs.sum(), 9) == sum(products)
    y = np.arange(-9, 10, 2)
    np.testing.assert_array_equal(dense.elementary_symmetric(3, y, 9), (y**3 - 25 * y) // 6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DenseHopfield(1), "DenseHopfield expects P as a whole number >= 2, got 1"),
        (lambda: DenseHopfield(2.5), "P as a whole number >= 2, got 2.5"),
        (lambda: DenseHopfield(3, "naive"), "interaction as one of distinct, overlap; got 'naive'"),
        (lambda: DenseHopfield(3).theory(-1, 0.1), "finite gamma >= 0, got -1"),
        (lambda: DenseHopfield(3, quality=-0.5, examples=2), r"quality r in \(0, 1\], got -0.5"),
        (lambda: DenseHopfield(3).patterns(0.1, 2), "N as a whole number >= 3, got 2"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises((ValueError, TypeError), match=message) as error:
        call()
    assert "\n" not in str(error.value)
