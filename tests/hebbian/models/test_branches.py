"""Dense memories of noisy examples: the branch from the pattern, its end, and the branch below."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal.hebbian import DenseHopfield


def gaussian(P, rho, interaction="distinct"):
    """A memory of many examples with an entropy of rho."""
    return DenseHopfield(P, interaction, (1 + 1000 * rho) ** -0.5, 1000, noise="gaussian")


def slowly(memory, gamma, T, n=1.0, q=1.0, steps=6000, pace=0.05):
    """Where n, q end that start from given values: n is slow, q follows it."""
    system = memory._system()
    n, q = np.array(n), np.array(q)
    for _ in range(steps):
        s = np.sqrt(gamma * system.crosstalk.variance(q, None))
        site = system.signal.averages(n ** (memory.P - 1), s, np.array(T))
        n, q = n + pace * (site.n - n), q + 0.5 * (site.q - q)
    return float(n), float(q)


# Entropies at which the fold of the branch from the pattern vanishes lie among these.
RHO = [0.0, 0.05, 0.2, 0.5, 1.0, 3.0, 5.0, 7.0, 7.5, 8.0, 10.0, 100.0]


@pytest.mark.parametrize(
    ("P", "T"), [(3, 0.25), (4, 0.1), (4, 0.21), (5, 0.1), (6, 0.05), (6, 0.15), (8, 0.1)]
)
def test_noise_never_raises_the_largest_load(P, T):
    loads = [float(gaussian(P, rho).gamma_M(T)) for rho in RHO]
    assert all(more >= less for more, less in pairwise(loads)), loads


@settings(max_examples=12)
@given(
    st.integers(3, 8),
    st.floats(0.0, 0.4),
    st.floats(1e-3, 20.0),
    st.floats(1.0, 20.0),
    st.sampled_from(["distinct", "overlap"]),
)
def test_the_largest_load_falls_with_the_noise(P, T, rho, factor, interaction):
    less = gaussian(P, rho, interaction).gamma_M(T)
    more = gaussian(P, rho * factor, interaction).gamma_M(T)
    assert more <= less * (1 + 1e-9)


@pytest.mark.slow
def test_a_load_that_noise_forbids_needs_examples():
    memory = DenseHopfield(4, noise="gaussian")
    rho = memory.critical_rho(0.12, 0.1)
    assert gaussian(4, rho * 0.999).gamma_M(0.1) > 0.12 > gaussian(4, rho * 1.001).gamma_M(0.1)
    assert rho == pytest.approx(0.2491, abs=1e-4)
    for noise in ("gaussian", "binomial"):
        learner = DenseHopfield(4, quality=0.3, examples=1, noise=noise)
        M = learner.critical_examples(0.12, 0.1)
        assert 38 <= M <= 44
        enough, few = (DenseHopfield(4, quality=0.3, examples=k, noise=noise) for k in (M, M - 1))
        assert enough.gamma_M(0.1) >= 0.12 > few.gamma_M(0.1)


# rho = 5 has a fold at 0.0762, rho = 10 none: its branch runs on without a jump.
@pytest.mark.parametrize(
    ("P", "rho", "T", "gamma", "phase"),
    [
        (4, 5.0, 0.1, 0.07, "retrieval"),
        (4, 10.0, 0.1, 0.07, "retrieval"),
        (4, 10.0, 0.1, 0.12, "low-overlap"),
        (3, 1.0, 0.25, 0.24, "low-overlap"),
        (5, 1.0, 0.1, 0.085, "low-overlap"),
        (6, 0.3, 0.1, 0.05, "retrieval"),
    ],
)
def test_slow_overlaps_end_in_the_state_of_their_branch(P, rho, T, gamma, phase):
    memory = DenseHopfield(P, rho=rho)
    state = memory.theory(gamma, T, phase)
    assert state.exists and state.minmax
    # Beside the branch of low overlap q is almost as slow, and from the pattern that of a glass.
    low = phase == "low-overlap"
    start = (1.02 * float(state.n), 1.02 * float(state.q), 15000, 0.01) if low else (1.0, 1.0)
    n, q = slowly(memory, gamma, T, *start)
    assert n == pytest.approx(float(state.n), abs=1e-6)
    assert q == pytest.approx(float(state.q), abs=1e-6)


def test_the_branch_of_low_overlap_stands_beside_that_of_the_pattern():
    for rho, end in [(5.0, 0.141137), (10.0, 0.140571)]:
        memory = DenseHopfield(4, rho=rho)
        assert memory.gamma_low(0.1) == pytest.approx(end, abs=1e-6)
        assert not memory.theory(end * 1.001, 0.1, "low-overlap").exists
        assert memory.spinodal(0.1, "low-overlap").n == pytest.approx(0.3499, abs=1e-3)
        inside = memory.theory([0.1, 0.999 * end], 0.1, "low-overlap")
        assert inside.minmax.all() and not inside.stable[0]
    # A clean memory has such a branch in the cold alone.
    assert DenseHopfield(4).gamma_low([0.0, 0.1, 0.25]) == pytest.approx([0, 0.169440, 0], abs=1e-5)
    assert DenseHopfield(2).gamma_low(0.1) == 0
    with pytest.raises(ValueError, match="one of retrieval, spin-glass, paramagnet;"):
        DenseHopfield(2).theory(0.1, 0.1, "low-overlap")


def test_the_fold_is_where_slow_overlaps_are_lost_by_a_jump():
    memory, T = DenseHopfield(4, rho=5.0), 0.1
    edge = float(memory.gamma_M(T))
    fold, below = float(memory.spinodal(T).n), memory.theory(1.002 * edge, T, "low-overlap").n
    assert slowly(memory, edge * 0.999, T)[0] > fold
    assert slowly(memory, edge * 1.002, T, steps=12000)[0] == pytest.approx(float(below), abs=2e-3)


def test_where_the_fold_has_vanished_one_branch_is_cut_in_two():
    memory, T = DenseHopfield(4, rho=8.0), 0.1
    edge = float(memory.gamma_M(T))
    above = memory.theory(edge * (1 + 1e-9), T, "low-overlap")
    below = memory.theory(edge * (1 - 1e-9), T)
    assert float(above.n) == pytest.approx(float(below.n), abs=1e-3)
    assert not memory.theory(edge * 1.001, T).exists
    assert not memory.theory(edge * 0.999, T, "low-overlap").exists
    # Less noise has a fold just before it vanishes, at this load.
    assert DenseHopfield(4, rho=7.4).gamma_M(T) == pytest.approx(edge, rel=1e-3)


def test_monte_carlo_ends_on_the_branch():
    memory = DenseHopfield(3, rho=0.5)
    state = memory.theory(0.05, 0.2)
    found = memory.simulate(0.05, 0.2, N=300, samples=6, sweeps=40, warmup=40, threads=1, seed=3)
    assert abs(found.overlap - state.m) < max(4 * found.overlap_error, 0.01)
