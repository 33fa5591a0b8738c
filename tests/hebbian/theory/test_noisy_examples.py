"""Memories of noisy examples: limits, reference loads, and how many examples are enough."""

from math import erf, sqrt

import numpy as np
import pytest

from axonal.hebbian import DenseHopfield, Hopfield
from axonal.hebbian.theory import noisy_examples
from axonal.hebbian.theory._roots import find_maximum
from axonal.hebbian.theory.crosstalk import distinct
from axonal.hebbian.theory.gaussian_noise import GaussianNoise
from axonal.hebbian.theory.reaction import Reaction
from axonal.hebbian.theory.saddle_point import SaddlePoint
from axonal.hebbian.theory.states import retrieval, spinodal

# rho, then the largest load at T = 0 for P = 2, 3, 4, 6
LARGEST = np.array([
    [0, 0.137906, 0.252190, 0.197860, 0.157680],
    [0.01, 0.129124, 0.245006, 0.188342, 0.145275],
    [0.02, 0.120880, 0.238347, 0.179614, 0.134148],
    [0.05, 0.099149, 0.221069, 0.157454, 0.107112],
    [0.1, 0.071541, 0.199131, 0.130578, 0.077109],
    [0.2, 0.038760, 0.170914, 0.098703, 0.046549],
    [0.3, 0.022488, 0.153924, 0.081301, 0.032661],
    [0.5, 0.009069, 0.134966, 0.063731, 0.020948],
    [1, 0.001793, 0.116769, 0.048919, 0.013044],
    [2, 0.000240, 0.107200, 0.042047, 0.010037],
])  # fmt: skip


@pytest.mark.parametrize(("column", "P"), [(1, 2), (2, 3), (3, 4), (4, 6)])
def test_the_largest_load_against_the_entropy(column, P):
    noise = Reaction() if P == 2 else distinct(P)
    found = [spinodal(SaddlePoint(P, GaussianNoise(rho), noise), 0.0)[0] for rho in LARGEST[:, 0]]
    np.testing.assert_allclose(found, LARGEST[:, column], rtol=0, atol=6e-7)


@pytest.mark.parametrize("protocol", ["supervised", "unsupervised"])
@pytest.mark.parametrize("noise", ["binomial", "gaussian"])
@pytest.mark.parametrize("count", [1, 7])
def test_examples_without_errors_are_the_patterns(protocol, noise, count):
    alpha, T = np.array([[0.02], [0.1]]), np.array([0.0, 0.2, 0.5])
    learned = Hopfield(1.0, count, protocol, noise)
    for phase in ("retrieval", "spin-glass"):
        state, clean = learned.theory(alpha, T, phase), Hopfield().theory(alpha, T, phase)
        for name in ("m", "n", "q", "r", "f", "replicon"):
            np.testing.assert_array_equal(getattr(state, name), getattr(clean, name))
    three = DenseHopfield(3, "distinct", 1.0, count, protocol, noise)
    np.testing.assert_array_equal(three.theory(0.1, T).m, DenseHopfield(3).theory(0.1, T).m)


def test_one_example_is_a_pattern_whatever_the_protocol():
    clean, T = Hopfield().theory(0.05, 0.3), 0.3
    for protocol in ("supervised", "unsupervised"):
        one = Hopfield(0.6, 1, protocol).theory(0.05, T)
        assert one.n == pytest.approx(float(clean.m), abs=1e-12)
        assert one.m == pytest.approx(0.6 * float(clean.m), abs=1e-12)
        assert one.f == pytest.approx(float(clean.f), abs=1e-12)
    for interaction in ("distinct", "overlap"):
        stored = DenseHopfield(4, interaction).gamma_M(0.1)
        alone = DenseHopfield(4, interaction, 0.6, 1, "unsupervised").gamma_M(0.1)
        assert alone == pytest.approx(float(stored), rel=1e-12)


def test_many_examples_are_gaussian():
    for protocol in ("supervised", "unsupervised"):
        exact = Hopfield(0.2, 1000, protocol).theory(0.05, 0.1)
        limit = Hopfield(0.2, 1000, protocol, "gaussian").theory(0.05, 0.1)
        assert exact.m == pytest.approx(float(limit.m), abs=2e-4)
        assert exact.m != limit.m


# alpha, T, r, M, supervised m, unsupervised m
POINTS = [
    (0.02, 0.05, 0.5, 20, 0.971, None),
    (0.02, 0.05, 0.5, 60, 0.9996, None),
    (0.05, 0.10, 0.8, 5, 0.943, 0.941),
    (0.02, 0.05, 0.3, 100, 0.994, 0.988),
    (0.10, 0.05, 0.8, 20, 0.985, 0.984),
    (0.05, 0.05, 0.5, 20, 0.921, np.nan),
]


@pytest.mark.parametrize(("alpha", "T", "r", "M", "supervised", "unsupervised"), POINTS)
def test_overlaps_with_the_archetypes(alpha, T, r, M, supervised, unsupervised):
    assert Hopfield(r, M).theory(alpha, T).m == pytest.approx(supervised, abs=6e-4)
    if unsupervised is not None:
        found = Hopfield(r, M, "unsupervised").theory(alpha, T).m
        assert found == pytest.approx(unsupervised, abs=6e-4, nan_ok=True)


def test_where_retrieval_ends_near_the_threshold():
    # Continuation finds the end between 0.0525 and 0.055, and between 0.0475 and 0.05.
    assert 0.0525 < Hopfield(0.5, 20).alpha_M(0.05) < 0.055
    assert 0.0475 < Hopfield(0.5, 20, "unsupervised").alpha_M(0.05) < 0.05


@pytest.mark.parametrize(
    ("rho", "gamma", "m"),
    [(0.05, 0.05, 0.9964), (0.2, 0.05, 0.932), (0.5, 0.05, 0.781), (0.2, 0.1, 0.886)],
)
def test_overlaps_of_dense_memories(rho, gamma, m):
    system = SaddlePoint(3, GaussianNoise(rho), distinct(3))
    assert retrieval(system, gamma, 0.1).m == pytest.approx(m, abs=6e-4)


@pytest.mark.parametrize("P", [2, 3, 6])
def test_class_means_are_a_hard_ceiling(P):
    system = SaddlePoint(P, GaussianNoise(0.3), Reaction() if P == 2 else distinct(P))
    ceiling = erf(1 / sqrt(0.6))
    assert noisy_examples.hard_ceiling(0.3) == pytest.approx(ceiling)
    assert retrieval(system, 0.0, 0.0).m == pytest.approx(ceiling, abs=1e-12)
    assert noisy_examples.hard_ceiling(0) == 1


@pytest.mark.parametrize(
    ("alpha", "rho", "examples"),
    [
        (0.01, 0.4762, (51, 22, 7)),
        (0.02, 0.3233, (75, 32, 10)),
        (0.05, 0.1571, (153, 65, 20)),
        (0.10, 0.0487, (493, 208, 62)),
    ],
)
def test_how_many_examples_are_enough(alpha, rho, examples):
    for r, M in zip((0.2, 0.3, 0.5), examples, strict=True):
        memory = Hopfield(r, 1, noise="gaussian")
        assert memory.critical_rho(alpha) == pytest.approx(rho, abs=6e-5)
        assert memory.critical_examples(alpha) == M


def test_unsupervised_learning_needs_more_examples():
    for alpha in (0.02, 0.1):
        supervised = Hopfield(0.5, 1).critical_examples(alpha)
        unsupervised = Hopfield(0.5, 1, "unsupervised").critical_examples(alpha)
        assert unsupervised > supervised
        assert Hopfield(0.5, unsupervised, "unsupervised").alpha_M(0.0) >= alpha
        assert Hopfield(0.5, unsupervised - 1, "unsupervised").alpha_M(0.0) < alpha
    dense = [
        DenseHopfield(4, "distinct", 0.4, 1, protocol, "gaussian").critical_examples(0.1)
        for protocol in ("supervised", "unsupervised")
    ]
    # r^-2 against r^-2P examples.
    assert dense[1] > 10 * dense[0]


def test_the_unsupervised_crosstalk_of_dense_memories():
    r, M, P = 0.6, 8, 4
    memory = DenseHopfield(P, "distinct", r, M, "unsupervised")
    rho_P = (1 - r ** (2 * P)) / (M * r ** (2 * P))
    expected = (1 + rho_P) / (1 + memory.rho) ** P
    assert memory._system().crosstalk.coefficients[-1] == pytest.approx(expected)


@pytest.mark.parametrize(
    "system",
    [
        Hopfield(0.7, 6, "unsupervised")._system(),
        Hopfield(0.7, 6, "supervised", "gaussian")._system(),
    ],
)
def test_the_free_energy_is_stationary_at_a_state(system):
    alpha, T = 0.03, 0.2
    state = retrieval(system, alpha, T)

    def f(n, q, s):
        site = system.signal.averages(np.array(n), np.array(s), np.array(T))
        C = np.array((1 - q) / T)
        there = site._replace(q=q, C=C)
        added = system.crosstalk.free_energy(np.array(alpha), np.array(s), there, np.array(T))
        return n**2 / 2 + added - site.log

    at = [float(state.n), float(state.q), float(np.sqrt(alpha * state.r))]
    assert f(*at) == pytest.approx(float(state.f), abs=1e-13)
    for i in range(3):
        up, down = list(at), list(at)
        up[i], down[i] = at[i] + 1e-6, at[i] - 1e-6
        assert (f(*up) - f(*down)) / 2e-6 == pytest.approx(0, abs=1e-7)


def test_the_glass_of_unsupervised_examples_is_hotter():
    alpha, M = 0.05, 10
    memory = Hopfield(0.4, M, "unsupervised")
    k = memory.rho / (1 + memory.rho)
    T_g = float(memory.T_g(alpha))
    assert alpha * (1 / (T_g - 1) ** 2 + (M - 1) * k**2 / (T_g - k) ** 2) == pytest.approx(1)
    assert T_g > Hopfield().T_g(alpha)
    assert memory.theory(alpha, T_g * 0.999, "spin-glass").exists
    assert not memory.theory(alpha, T_g * 1.001, "spin-glass").exists


def test_few_examples_have_several_states_of_which_the_best_is_given():
    memory, T, alpha = Hopfield(0.5, 5), 0.02, 0.008
    signal = memory._system().signal
    n, q = 1.0, 1.0
    for _ in range(2000):  # the dynamics of the order parameters from the pattern itself
        s = np.sqrt(alpha * q) / (1 - (1 - q) / T)
        site = signal.averages(np.array(n), np.array(s), np.array(T))
        n, q = n + 0.3 * (float(site.n) - n), q + 0.3 * (float(site.q) - q)
    state = memory.theory(alpha, T)
    assert (state.n, state.q) == (pytest.approx(n, abs=1e-10), pytest.approx(q, abs=1e-10))
    # Another state, of smaller overlap, outlives this one.
    assert state.n > 0.87
    assert 0.8 < memory.theory(0.0105, T).n < 0.84


def test_the_dense_spinodal_is_the_end_of_what_starts_from_the_pattern():
    memory = DenseHopfield(6, "distinct", 0.2, 10, noise="gaussian")
    system, T = memory._system(), 0.0334

    def survives(gamma):
        n = q = 1.0
        for _ in range(3000):
            s = np.sqrt(gamma * q**5)
            site = system.signal.averages(np.array(n**5), np.array(s), np.array(T))
            n, q = float(site.n), float(site.q)
        return n > 0.1

    edge = float(memory.gamma_M(T))
    assert survives(0.99 * edge)
    assert not survives(1.01 * edge)


@pytest.mark.parametrize(
    ("memory", "T"),
    [
        (DenseHopfield(4, quality=0.5, examples=3), 0.174),
        (DenseHopfield(4, quality=0.5, examples=20), 0.23),
        (DenseHopfield(4, quality=0.3, examples=5, protocol="unsupervised"), 0.18),
        (DenseHopfield(10, quality=0.6, examples=4), 0.08),
    ],
    ids=["few", "many", "unsupervised", "P = 10"],
)
def test_the_soft_spinodal_of_noisy_examples_is_where_slow_overlaps_are_lost(memory, T):
    # The free energy is least over n and largest over q: q follows, or the two would oscillate.
    system = memory._system()

    def survives(gamma):
        n = q = np.array(1.0)
        for _ in range(4000):
            s = np.sqrt(gamma * system.crosstalk.variance(q, None))
            site = system.signal.averages(n ** (memory.P - 1), s, np.array(T))
            n, q = n + 0.05 * (site.n - n), q + 0.5 * (site.q - q)
        return n > 0.1

    # Where noise has smoothed the fold, overlaps pass into the branch of low overlap, and its end.
    edge = float(np.maximum(memory.gamma_M(T), memory.gamma_low(T)))
    assert survives(0.999 * edge)
    assert not survives(1.01 * edge)


def test_a_peak_beside_the_end_of_the_domain_is_found():
    def f(x, c):
        with np.errstate(invalid="ignore"):
            return np.where(x < c, x + 0.01 * np.sqrt(c - x), -np.inf)

    c = np.array([0.301, 0.5, 0.777])
    peak = find_maximum(f, np.linspace(0, 1, 12), (c,))
    np.testing.assert_allclose(peak.x, c - 2.5e-5, rtol=1e-7)
    np.testing.assert_allclose(peak.value, c + 2.5e-5, rtol=1e-13)


def test_a_load_beyond_clean_patterns_is_refused():
    with pytest.raises(ValueError, match=r"retrieves nothing at alpha = 0\.2 and T = 0, not even"):
        Hopfield(0.5, 1).critical_examples(0.2)
