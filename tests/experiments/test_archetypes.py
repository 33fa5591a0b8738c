"""The experiment ``archetypes``: what it retrieves, and what its report says of its choices."""

import itertools

import numpy as np
import pytest

from experiments import archetypes
from experiments._archetypes_memory import (
    ARMS,
    EXAMPLES,
    QUALITIES,
    READERS,
    SWEEPS,
    Repeat,
    decorrelated,
    descend,
    from_copies,
)
from experiments._report import SEEDS


def energy(stored, state, P):
    return -((stored @ state / stored.shape[1]) ** P).sum()


@pytest.mark.parametrize("P", [2, 4, 6])
def test_the_end_is_a_state_that_no_single_spin_leaves_downhill(P):
    rng = np.random.default_rng(P)
    stored = rng.standard_normal((3, 11))
    starts = np.where(rng.random((5, 11)) < 0.5, 1.0, -1.0)
    for start, end in zip(starts, descend(stored, starts, P), strict=True):
        assert energy(stored, end, P) <= energy(stored, start, P)
        for i in range(11):
            flipped = end.copy()
            flipped[i] *= -1
            assert energy(stored, flipped, P) >= energy(stored, end, P) - 1e-12


def test_orthogonal_archetypes_are_found_from_good_copies_by_every_memory():
    rows = [[1, 1], [1, -1]]
    hadamard = np.array([[np.prod(c) for c in itertools.product(*[r] * 6)] for r in rows], float)
    found = from_copies(hadamard, 0.8, 30, np.random.default_rng(0))
    assert set(found) == set(ARMS)
    for arm in ("P = 2", "P = 2, projection", "P = 4"):
        assert found[arm]["right"] == 1.0
        assert found[arm]["overlap"] > 0.95


def test_decorrelated_patterns_are_fixed_points_of_pairs_though_they_overlap():
    rng = np.random.default_rng(1)
    common = np.where(rng.random(200) < 0.5, 1.0, -1.0)
    patterns = np.where(rng.random((4, 200)) < 0.8, common, -common)
    ends = descend(decorrelated(patterns), patterns, 2)
    np.testing.assert_array_equal(ends, patterns)


def test_the_plan_is_a_repeat_for_every_data_set_and_seed_with_a_key_of_its_own():
    plan = archetypes.plan()
    assert len({repeat.key for repeat in plan}) == len(plan) == len(READERS) * len(SEEDS)
    assert Repeat("mnist", 0).key == Repeat("mnist", 0).key
    assert QUALITIES and EXAMPLES and SWEEPS > 1
