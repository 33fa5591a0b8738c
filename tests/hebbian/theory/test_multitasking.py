"""The multitasking network: hierarchical, parallel and pure states, of ensembles and of samples."""

from itertools import product

import numpy as np
import pytest
from helpers.hebbian_fixtures import table
from hypothesis import given
from hypothesis import strategies as st

from axonal.hebbian import MultitaskingHopfield
from axonal.hebbian.theory import multitasking, regimes, site_classes

THREE = MultitaskingHopfield(0.5, 3)


def test_the_shared_table():
    rows = table("multitask_theory.csv")
    for K in (2, 3, 4, 5):
        here = rows[rows[:, 0] == K]
        T, d = here[:, 1], here[:, 2]
        network = MultitaskingHopfield(0.5, K)
        state = network.theory(T, "hierarchical", d)
        m = -np.sort(-np.abs(state.m))
        # At a marginal state the table has not converged: its curvature is 1e-5 at most.
        firm = here[:, 9] > 1e-4
        assert firm.sum() >= 36
        np.testing.assert_allclose(m[firm], here[firm, 3 : 3 + K], rtol=0, atol=1e-8)
        np.testing.assert_allclose(state.f, here[:, 8], rtol=0, atol=6e-9)
        np.testing.assert_allclose(state.curvature[firm], here[firm, 9], rtol=1e-6)
        parallel = network.theory(T, "parallel", d)
        np.testing.assert_allclose(parallel.m, np.repeat(here[:, 10:11], K, 1), rtol=0, atol=6e-9)
        np.testing.assert_allclose(parallel.f, here[:, 11], rtol=0, atol=6e-9)
        np.testing.assert_allclose(parallel.curvature, here[:, 12], rtol=1e-6)


@pytest.mark.parametrize("K", [2, 3, 4, 5])
def test_the_hierarchical_state_at_low_temperature(K):
    d = np.array([0.2, 0.3, 0.4, 0.5])
    d = d[d < MultitaskingHopfield(0.5, K).d_c()]
    T = 0.02
    m = MultitaskingHopfield(0.5, K).theory(T, "hierarchical", d).m
    expected = multitasking.hierarchical_start(K, d)
    firm = d[:, None] ** np.arange(K) > 5 * T
    np.testing.assert_allclose(m[firm], expected[firm], rtol=0, atol=1e-3)


def test_the_dilution_up_to_which_it_is_hierarchical():
    expected = {2: 1, 3: 0.618034, 4: 0.543689, 5: 0.518790, 6: 0.508660, 8: 0.502017}
    for K, d in expected.items():
        assert MultitaskingHopfield(0.1, K).d_c() == pytest.approx(d, abs=6e-7)
    assert MultitaskingHopfield(0.1, 3).d_c() == pytest.approx((np.sqrt(5) - 1) / 2, abs=1e-12)
    assert multitasking.hierarchical_limit(60) == pytest.approx(0.5, abs=1e-9)


def test_unequal_mixtures_beyond_it():
    three = {
        0.65: (0.3286, 0.2489, 0.1693),
        0.7: (0.2865, 0.2235, 0.1605),
        0.8: (0.196, 0.164, 0.132),
        0.9: (0.0995, 0.0905, 0.0815),
    }
    for d, m in three.items():
        assert THREE.theory(0.02, "hierarchical", d).m == pytest.approx(m, abs=6e-5)
    five = MultitaskingHopfield(0.6, 5).theory(0.02, "hierarchical").m
    assert five == pytest.approx((0.3571, 0.2522, 0.1865, 0.1377, 0.0916), abs=1e-3)


def test_no_dilution_is_a_ferromagnet():
    for T in (0.2, 0.9):
        pure = MultitaskingHopfield(0.0, 3).theory(T)
        m = pure.m[0]
        assert m == pytest.approx(np.tanh(m / T), abs=1e-12)
        assert np.abs(pure.m[1:]).max() < 1e-6
        assert pure.f == pytest.approx(m**2 / 2 - T * np.log(2 * np.cosh(m / T)), abs=1e-12)
    assert np.abs(THREE.theory(1.05).m).max() < 1e-6


@pytest.mark.parametrize(
    ("T", "phases"),
    [
        (0.1, "1122222222222222223"),
        (0.3, "1111122222222233333"),
        (0.5, "1111111112223333333"),
        (0.8, "1111111111113333333"),
    ],
)
def test_the_map_of_regimes(T, phases):
    d = np.arange(1, 20) * 0.05
    assert "".join(map(str, THREE.regime(T, d))) == phases


def test_where_the_parallel_state_is_stable():
    for T, d in {0.3: 0.75, 0.2: 0.85, 0.1: 0.95, 0.5: 0.65}.items():
        stable = THREE.theory(T, "parallel", [d - 0.05, d]).stable
        assert stable.tolist() == [False, True]
    # Towards T = 1 the boundary is d = 2/3.
    assert THREE.theory(0.9999, "parallel", [0.664, 0.669]).stable.tolist() == [False, True]


def test_where_the_pure_state_is_stable():
    d = np.array([0.1, 0.3, 0.5])
    T = THREE.T_pure(d)
    assert (d < T).all()
    assert THREE.theory(T + 1e-5, "pure", d).stable.all()
    assert not THREE.theory(T - 1e-5, "pure", d).stable.any()
    assert THREE.T_pure(0.7) == 1
    assert THREE.T_pure(0.0) == 0


def test_reference_states():
    assert THREE.theory(0.3).m == pytest.approx((0.4898974, 0.2360725, 0.0558393), abs=1e-6)
    assert THREE.theory(0.3).curvature == pytest.approx(0.07, abs=6e-4)
    assert THREE.theory(0.3, dilution=0.8).m == pytest.approx([0.162863] * 3, abs=6e-7)
    five = MultitaskingHopfield(0.8, 5)
    assert five.theory(0.3).m == pytest.approx([0.138518] * 5, abs=6e-7)


def test_the_sum_over_half_the_columns_is_that_over_all():
    d, beta, m = 0.4, 2.0, np.array([0.4, 0.2, 0.1])
    whole = np.array(list(product((-1, 0, 1), repeat=3)))
    weight = np.where(whole == 0, d, (1 - d) / 2).prod(1)
    half = site_classes.clean_classes(3, d)
    assert half.weights.sum() == pytest.approx(1)
    expected = (weight * np.tanh(beta * whole @ m)) @ whole
    np.testing.assert_allclose(
        (half.weights * np.tanh(beta * half.stored @ m)) @ half.stored, expected
    )
    learned = site_classes.example_classes(2, d, 0.6, 4)
    assert learned.weights.sum() == pytest.approx(1)
    R = 0.6**2 + (1 - 0.6**2) / 4
    second = learned.weights @ learned.stored**2
    np.testing.assert_allclose(second, 1 - d)
    cross = learned.weights @ (learned.stored * learned.archetypes)
    np.testing.assert_allclose(cross, (1 - d) * 0.6 / np.sqrt(R))


def test_noisy_examples():
    network = MultitaskingHopfield(0.3, 3, quality=0.5, examples=10)
    assert network.theory(0.05).m == pytest.approx((0.5427, 0.2819, 0.1555), abs=6e-5)
    other = MultitaskingHopfield(0.3, 3, 0.5, 10, "unsupervised").theory(0.05)
    np.testing.assert_array_equal(other.m, network.theory(0.05).m)
    clean = MultitaskingHopfield(0.3, 3, quality=1.0, examples=7).theory(0.05)
    np.testing.assert_array_equal(clean.m, MultitaskingHopfield(0.3, 3).theory(0.05).m)
    one = MultitaskingHopfield(0.0, 1, 0.6, 1).theory(0.5)
    assert one.n[0] == pytest.approx(np.tanh(2 * one.n[0]))
    assert one.m[0] == pytest.approx(0.6 * one.n[0])


@given(st.integers(0, 100), st.floats(0.05, 0.8), st.floats(0.05, 0.9))
def test_a_sample_solves_its_own_equations(seed, d, T):
    rng = np.random.default_rng(seed)
    xi = rng.choice([-1, 0, 1], size=(500, 3), p=[(1 - d) / 2, d, (1 - d) / 2])
    state = MultitaskingHopfield(d, 3).sample_theory(xi, T)
    m = (xi * np.tanh(xi @ state.m / (T * (1 - d)))[:, None]).mean(0)
    np.testing.assert_allclose(m, state.m, rtol=0, atol=1e-10)
    assert state.curvature > -1e-6


def test_large_samples_approach_the_ensemble():
    rng = np.random.default_rng(1)
    d, r, M, N = 0.4, 0.6, 3, 200_000
    xi = rng.choice([-1, 0, 1], size=(N, 2), p=[(1 - d) / 2, d, (1 - d) / 2])
    flips = rng.choice([1, -1], size=(M, N, 2), p=[(1 + r) / 2, (1 - r) / 2])
    means = (flips * xi).mean(0) / np.sqrt(r**2 + (1 - r**2) / M)
    network = MultitaskingHopfield(d, 2, r, M)
    sample = network.sample_theory(means, 0.2, archetypes=xi)
    ensemble = network.theory(0.2, "hierarchical")
    np.testing.assert_allclose(sample.m, ensemble.m, rtol=0, atol=6e-3)
    np.testing.assert_allclose(sample.n, ensemble.n, rtol=0, atol=6e-3)


def test_the_gradient_of_the_free_energy_vanishes():
    d, T = 0.6, 0.25
    sites = site_classes.clean_classes(3, d)
    state = THREE.theory(T, "hierarchical", d)

    def f(m):
        u = sites.stored @ m / (T * (1 - d))
        return (m**2).sum() / (2 * (1 - d)) - T * sites.weights @ np.log(2 * np.cosh(u))

    assert f(state.m) == pytest.approx(float(state.f), abs=1e-14)
    for step in 1e-5 * np.eye(3):
        assert (f(state.m + step) - f(state.m - step)) / 2e-5 == pytest.approx(0, abs=1e-9)


def test_regimes_are_told_by_what_is_there():
    m = np.array([[0, 0, 0], [0.9, 0, 0], [0.5, 0.2, 0.1], [0.2, 0.2, 0.2], [0.3, 0.3, 0]])
    assert regimes.regime(m).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MultitaskingHopfield(1.0, 3), r"a dilution in \[0, 1\), got 1"),
        (lambda: MultitaskingHopfield(-0.1, 3), "finite dilution >= 0, got -0.1"),
        (lambda: MultitaskingHopfield(0.5, 0), "K as a whole number >= 1, got 0"),
        (lambda: MultitaskingHopfield(0.5, 20), "more than 200000 here: use fewer patterns"),
        (lambda: THREE.theory(0.0), "expects T > 0, got 0"),
        (
            lambda: THREE.theory(0.1, "mixed"),
            "one of ground, hierarchical, .*'mixed'",
        ),
        (lambda: THREE.sample_theory(np.ones((5, 2)), 0.1), r"patterns \[N, 3\], one row a site"),
        (lambda: THREE.sample_theory(np.ones(5), 0.1), r"patterns \[N, K\], one row a site, got"),
        (lambda: THREE.sample_theory(np.ones((5, 3)), 0.1, np.ones((4, 3))), "archetypes"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
