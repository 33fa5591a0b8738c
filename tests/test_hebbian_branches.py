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


def slowly(memory, gamma, T, n=1.0, q=1.0, steps=6000):
    """Where n, q end that start from given values: n is slow, q follows it."""
    system = memory._system()
    n, q = np.array(n), np.array(q)
    for _ in range(steps):
        s = np.sqrt(gamma * system.crosstalk.variance(q, None))
        site = system.signal.averages(n ** (memory.P - 1), s, np.array(T))
        n, q = n + 0.05 * (site.n - n), q + 0.5 * (site.q - q)
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
