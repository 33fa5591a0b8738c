"""A model gives its own parameters to its theory and to its simulation."""

import numpy as np
import pytest

from axonal.hebbian import DenseHopfield, ExponentialMemory, Hopfield, MultitaskingHopfield
from axonal.hebbian.montecarlo import multitasking_archetypes

RUN = {"samples": 8, "sweeps": 100, "warmup": 50}


@pytest.mark.parametrize(
    ("model", "load", "T", "N"),
    [
        (Hopfield(), 0.05, 0.3, 2000),
        (Hopfield(0.8, 5), 0.02, 0.1, 2000),
        (Hopfield(0.8, 5, "unsupervised"), 0.02, 0.1, 2000),
        (DenseHopfield(3), 0.1, 0.3, 300),
        (DenseHopfield(3, "overlap"), 0.05, 0.3, 300),
    ],
    ids=repr,
)
def test_simulation_agrees_with_theory(model, load, T, N):
    found = model.simulate(load, T, N=N, **RUN)
    assert found.survival == 1
    error = max(4 * found.overlap_error, 5e-3)
    assert found.overlap == pytest.approx(float(model.theory(load, T).m), abs=error)


def test_a_multitasking_sample_agrees_with_the_theory_of_its_columns():
    network, N, T = MultitaskingHopfield(0.5, 3), 5000, 0.3
    found = network.simulate(T, N=N, samples=1, sweeps=4000, warmup=500)
    measured = np.abs(found.archetype_overlaps[0, 0])
    xi = multitasking_archetypes(N, 3, dilution=0.5)
    theory = np.abs(network.sample_theory(xi, T, start=measured).m)
    np.testing.assert_allclose(measured, theory, rtol=0, atol=4e-3)


def test_an_exponential_memory_retrieves_inside_its_basin():
    memory = ExponentialMemory("binary")
    inside, outside = (memory.simulate(0.2, lam, N=40, start=0.8, samples=5) for lam in (1.5, 0.15))
    assert memory.theory(0.2, 1.5).basin < 0.8 < memory.theory(0.2, 0.15).basin
    assert inside.overlap > 0.99
    assert (inside.survival, outside.survival) == (1, 0)
