"""Every form walks as the definition says, number by number, and samples the Boltzmann law."""

import itertools
from collections.abc import Callable
from math import factorial

import numpy as np
import pytest
from hypothesis import given, strategies
from numpy.typing import NDArray

from axonal.hebbian.montecarlo import _make_representation, reference
from axonal.hebbian.montecarlo._disorder import Disorder, pack
from axonal.hebbian.montecarlo._random import (
    DYNAMICS,
    PATTERNS,
    key_of,
    log_ratio,
    philox,
    stream,
)
from axonal.hebbian.montecarlo._representation import GROUP, Walk
from axonal.hebbian.montecarlo.cpu import advance

RULES = {
    "heat-bath": {},
    "metropolis": {"metropolis": True},
    "random order": {"random_order": True},
    "parallel": {"parallel": True},
}


def make_walk(T: float, seed: int = 3, **rule: bool) -> Walk:
    """A walk at a temperature in units of the form."""
    rule = {"metropolis": False, "random_order": False, "parallel": False, **rule}
    return Walk(*key_of(seed), np.uint64(0), np.uint64(0), np.float32(T / 2), **rule)


def signs(N: int, K: int, seed: int = 0) -> NDArray[np.int8]:
    return Disorder(N, K, 0.0, 1.0, 1, True, seed, 0).archetypes(0, N)


def packed(rows: NDArray[np.int8]) -> NDArray[np.uint64]:
    return pack(rows, GROUP * -(-rows.shape[1] // (64 * GROUP)))


def run(
    setup: _make_representation.Representation, spins: NDArray[np.int8], walk: Walk, sweeps: int
) -> tuple[NDArray[np.int8], NDArray[np.int64], NDArray[np.float64]]:
    """Spins at the end, flips and energies after every sweep."""
    state = setup.begin(spins.copy())
    overlaps, energies = np.empty((sweeps, 0)), np.empty(sweeps)
    flips = np.empty(sweeps, np.int64)
    begin = setup.energy(state)
    targets = np.empty((0, len(spins)), np.int8)
    advance(state, walk, targets, 0, overlaps, energies, flips)
    return state.spins, flips, begin + energies


QUADRATIC: dict[str, Callable[[NDArray[np.int8]], _make_representation.Representation]] = {
    "bits": lambda rows: _make_representation.bits(packed(rows), rows.shape[1], 1.0),
    "int8": lambda rows: _make_representation.quadratic(rows, 1.0),
    "float32": lambda rows: _make_representation.quadratic(rows.astype(np.float32), 1.0),
    "matrix": lambda rows: _make_representation.couplings(rows, 1.0),
    "distinct P = 2": lambda rows: _make_representation.powers(rows, 2, True, 1.0),
}


@pytest.mark.parametrize("T", [0.0, 20.0])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("form", QUADRATIC)
def test_a_form_of_the_hopfield_model_walks_as_the_definition(
    form: str, rule: str, T: float
) -> None:
    rows, spins = signs(31, 9), signs(31, 1, seed=5)[:, 0]
    walk = make_walk(T, **RULES[rule])
    ended, flips, energies = run(QUADRATIC[form](rows), spins, walk, 6)
    for sweep in range(6):
        turned = reference.sweep(spins, lambda s: reference.quadratic_energy(rows, s), walk, sweep)
        assert turned == flips[sweep]
        if not walk.parallel:
            assert energies[sweep] == reference.quadratic_energy(rows, spins)
    assert np.array_equal(ended, spins)
    assert flips.any()


@given(
    # Every number of binary digits is compiled for itself.
    N=strategies.integers(16, 31),
    K=strategies.integers(1, 700),
    seed=strategies.integers(0, 2**64 - 1),
)
def test_bit_packed_patterns_give_the_run_of_bytes(N: int, K: int, seed: int) -> None:
    rows, spins = signs(N, K, seed), signs(N, 1, seed=1)[:, 0]
    walk = make_walk(float(N), seed)
    results = [run(QUADRATIC[form](rows), spins, walk, 8) for form in ("bits", "int8")]
    for mine, other in zip(*results, strict=True):
        assert np.array_equal(mine, other)


@pytest.mark.parametrize("distinct", [True, False])
@pytest.mark.parametrize("order", [2, 3, 4, 6])
def test_dense_interactions_walk_as_the_definition(order: int, distinct: bool) -> None:
    rows, spins = signs(13, 6), signs(13, 1, seed=5)[:, 0]
    energy = reference.distinct_energy if distinct else reference.power_energy
    walk = make_walk(0.5 * 13 ** (order - 1), random_order=True)
    ended, flips, energies = run(
        _make_representation.powers(rows, order, distinct, 1.0), spins, walk, 5
    )
    for sweep in range(5):
        turned = reference.sweep(spins, lambda s: energy(rows, s, order), walk, sweep)
        assert turned == flips[sweep]
        assert energies[sweep] == energy(rows, spins, order)
    assert np.array_equal(ended, spins)
    assert flips.any()


@pytest.mark.parametrize("distinct", [True, False])
@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_dense_interactions_of_real_patterns_walk_as_the_definition(
    order: int, distinct: bool
) -> None:
    rows = Disorder(13, 6, 0.0, 0.6, 5, True, 2, 0).stored(1, packed=False)[0]
    assert rows.dtype == np.float32
    spins = signs(13, 1, seed=5)[:, 0]
    energy = reference.distinct_energy if distinct else reference.power_energy
    make = _make_representation.symmetric if distinct else _make_representation.real_powers
    walk = make_walk(0.5 * 13 ** (order - 1))
    ended, flips, energies = run(make(rows, order, 1.0), spins, walk, 5)
    for sweep in range(5):
        turned = reference.sweep(spins, lambda s: energy(rows, s, order), walk, sweep)
        assert turned == flips[sweep]
        assert energies[sweep] == pytest.approx(energy(rows, spins, order), rel=1e-6)
    assert np.array_equal(ended, spins)


def test_integer_patterns_with_zeros_walk_as_the_definition() -> None:
    disorder = Disorder(40, 5, 0.4, 0.8, 3, False, 2, 0)
    rows, _ = disorder.stored(1, packed=False)
    assert set(np.unique(rows)) == {-1, 0, 1}
    spins = signs(40, 1, seed=5)[:, 0]
    walk = make_walk(10.0)
    for setup in (
        _make_representation.quadratic(rows, 1.0),
        _make_representation.couplings(rows, 1.0),
    ):
        ended, _, energies = run(setup, spins, walk, 5)
        again = spins.copy()
        for sweep in range(5):
            reference.sweep(again, lambda s: reference.quadratic_energy(rows, s), walk, sweep)
            assert energies[sweep] == reference.quadratic_energy(rows, again)
        assert np.array_equal(ended, again)


def test_sums_of_more_than_32_bits_are_formed_in_64() -> None:
    rows, spins = signs(50, 4), signs(50, 1, seed=5)[:, 0]
    narrow = _make_representation.quadratic(rows, 1.0)
    state = narrow.begin(spins.copy())
    assert state.overlaps.dtype == np.int16
    wide = _make_representation.Representation(
        lambda s: narrow.begin(s)._replace(overlaps=narrow.begin(s).overlaps.astype(np.int32)),
        narrow.energy,
        1.0,
        exact=True,
    )
    walk = make_walk(40.0)
    for mine, other in zip(run(narrow, spins, walk, 5), run(wide, spins, walk, 5), strict=True):
        assert np.array_equal(mine, other)


@pytest.mark.parametrize("rule", ["heat-bath", "metropolis", "random order"])
def test_a_long_walk_samples_the_boltzmann_law(rule: str) -> None:
    rows, T = signs(8, 3), 10.0
    states = np.array(list(itertools.product([-1, 1], repeat=8)), np.int8)
    weights = np.exp(-np.array([reference.quadratic_energy(rows, s) for s in states]) / T)
    law = weights / weights.sum()
    walk = make_walk(T, **RULES[rule])
    setup = _make_representation.bits(packed(rows), 3, 1.0)
    state = setup.begin(states[0].copy())
    # A state is read from overlaps with the eight unit vectors.
    sweeps = 200000
    overlaps, energies = np.empty((sweeps, 8)), np.empty(sweeps)
    flips = np.empty(sweeps, np.int64)
    advance(state, walk, np.eye(8, dtype=np.int8), 0, overlaps, energies, flips)
    visited = ((overlaps[::20] > 0) @ (1 << np.arange(7, -1, -1))).astype(int)
    count = np.bincount(visited, minlength=256)
    expected = law * len(visited)
    # States that are expected fewer than five times are counted as one.
    rare = expected < 5
    found = np.append(count[~rare], count[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    chi2 = ((found - wanted) ** 2 / wanted).sum()
    freedom = len(found) - 1
    assert freedom > 30
    assert abs(chi2 - freedom) < 4 * np.sqrt(2 * freedom)


def test_parallel_dynamics_samples_the_hamiltonian_of_little() -> None:
    rows, T = signs(6, 2), 8.0
    states = np.array(list(itertools.product([-1, 1], repeat=6)), np.int8)
    couplings = rows.astype(float) @ rows.T - 2 * np.eye(6)
    weights = np.prod(2 * np.cosh(states @ couplings / T), axis=1)
    setup = _make_representation.quadratic(rows, 1.0)
    state = setup.begin(states[0].copy())
    sweeps = 60000
    overlaps, energies = np.empty((sweeps, 6)), np.empty(sweeps)
    targets = np.eye(6, dtype=np.int8)
    flips = np.empty(sweeps, np.int64)
    advance(state, make_walk(T, parallel=True), targets, 0, overlaps, energies, flips)
    visited = ((overlaps[::10] > 0) @ (1 << np.arange(5, -1, -1))).astype(int)
    wanted = weights / weights.sum() * len(visited)
    chi2 = ((np.bincount(visited, minlength=64) - wanted) ** 2 / wanted).sum()
    assert abs(chi2 - 63) < 4 * np.sqrt(2 * 63)


def test_at_zero_temperature_a_field_of_zero_keeps_the_spin() -> None:
    # Two patterns that agree at one of two sites: the coupling, and so every field, is zero.
    rows = np.array([[1, 1], [1, -1]], np.int8)
    for spins in itertools.product([-1, 1], repeat=2):
        for make in QUADRATIC.values():
            begin = np.array(spins, np.int8)
            ended, flips, _ = run(make(rows), begin, make_walk(0.0), 3)
            assert np.array_equal(ended, begin)
            assert not flips.any()


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_symmetric_polynomials_of_signs_are_those_of_all_products(order: int) -> None:
    polynomial = _make_representation.symmetric_polynomial(order, 9)
    for a in itertools.islice(itertools.product([-1, 1], repeat=9), 0, 512, 7):
        products = sum(np.prod(chosen) for chosen in itertools.combinations(a, order))
        found = _make_representation.value(polynomial, np.array([float(sum(a))]))[0]
        assert found == factorial(order) * products


def test_random_words_are_those_that_philox_is_known_to_give() -> None:
    # The known answers that come with the paper's code: counter and key of zeros, ones and of pi.
    known = {
        (0, 0, 0, 0, 0, 0): "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        (2**32 - 1,) * 6: "408f276d 41c83b0e a20bc7c6 6d5451fd",
        (0xA4093822, 0x299F31D0, 0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344): (
            "d16cfe09 94fdcceb 5001e420 24126ea1"
        ),
    }
    for key_and_counter, answer in known.items():
        words = np.empty(4, np.uint32)
        philox(*map(np.uint64, key_and_counter), words)
        assert " ".join(f"{word:08x}" for word in words) == answer


def test_streams_differ_in_every_part_of_their_name() -> None:
    base = stream(1, DYNAMICS, 0, 0, 0, 64)
    others = [(2, DYNAMICS, 0, 0, 0), (1, PATTERNS, 0, 0, 0), (1, DYNAMICS, 1, 0, 0)]
    others += [(1, DYNAMICS, 0, 1, 0), (1, DYNAMICS, 0, 0, 1), (1 + 2**32, DYNAMICS, 0, 0, 0)]
    for name in others:
        assert not (stream(*name, 64) == base).any()


@pytest.mark.parametrize("alone", [True, False])
def test_limits_are_logarithms_to_one_part_in_a_million(alone: bool) -> None:
    words = np.append(stream(0, DYNAMICS, 0, 0, 0, 5000), np.uint32([0, 1, 2**31, 2**32 - 1]))
    out = np.empty(len(words), np.float32)
    log_ratio(words, alone, np.float32(1), out)
    u = (words + 0.5) / 2**32
    exact = np.log(u) if alone else np.log(u) - np.log1p(-u)
    np.testing.assert_allclose(out, exact, rtol=3e-7, atol=5e-7)
