"""Measures of states: on delay lines, maps and matrices for which they are known."""

import math
from typing import Any

import numpy as np
import pytest

from axonal.reservoirs.criticality import (
    generalisation_rank,
    information_processing_capacity,
    kernel_quality,
    lyapunov_from_twins,
    memory_capacity,
    separation,
)
from axonal.reservoirs.echo_state import EchoState

U = np.random.default_rng(0).uniform(-1, 1, 3000)


def delayed(*delays: int) -> np.ndarray:
    """The inputs of some steps ago."""
    return np.stack([np.roll(U, k) for k in delays], 1)


def test_a_delay_line_remembers_as_much_as_it_is_long() -> None:
    found = memory_capacity(U, delayed(*range(7)), 20)
    np.testing.assert_allclose(found, [1] * 7 + [0] * 13, atol=1e-9)
    mixed = delayed(*range(7)) @ np.random.default_rng(1).standard_normal((7, 7))
    np.testing.assert_allclose(memory_capacity(U, mixed, 20), found, atol=1e-9)


def test_products_are_found_where_they_are_and_nowhere_else() -> None:
    states = np.stack((U, np.roll(U, 1) ** 2, np.roll(U, 2) * U), 1)
    found = information_processing_capacity(U, states, degree=3, delays=4)
    assert set(found.products) == {((0, 1),), ((1, 2),), ((0, 1), (2, 1))}
    np.testing.assert_allclose(found.by_degree, [1, 2, 0], atol=0.02)
    assert found.total == pytest.approx(found.by_degree.sum())


def test_the_capacity_of_a_network_that_forgets_is_at_most_its_size() -> None:
    u = np.random.default_rng(3).uniform(-1, 1, 8000)
    model = EchoState(12, spectral_radius=0.4, input_scaling=0.5, bias=0.3).fit(u, u)
    states = model.transform(u)[100:, 1:]
    found = information_processing_capacity(u[100:], states, degree=4, delays=(12, 8, 5, 4))
    assert 11 < found.total < 12.2
    assert found.by_degree[0] > found.by_degree[3]


def test_states_that_know_nothing_have_no_capacity() -> None:
    noise = np.random.default_rng(5).standard_normal((3000, 20))
    assert information_processing_capacity(U, noise, degree=2, delays=10).total == 0


def test_ranks_count_what_a_readout_can_tell_apart() -> None:
    generator = np.random.default_rng(0)
    few = generator.integers(0, 5, (40, 3)) @ generator.integers(0, 3, (3, 25))
    assert kernel_quality(few) == generalisation_rank(few) == 3
    assert kernel_quality(np.eye(7)) == 7
    assert generalisation_rank(np.ones((9, 4))) == 1


def test_separation_grows_with_distance_and_falls_with_scatter() -> None:
    x = np.array([[0.0, 1], [0, -1], [10, 1], [10, -1]])
    # two classes 10 apart in half of their pairs, each response 1 from its mean
    assert separation(x, [0, 0, 1, 1]) == pytest.approx(10 / 2 / (1 + 1))
    assert separation(2 * x, [0, 0, 1, 1]) > separation(x, [0, 0, 1, 1])
    assert separation(x, ["a", "a", "b", "b"]) == separation(x, [0, 0, 1, 1])


def test_twins_of_a_map_grow_by_its_exponent() -> None:
    # the logistic map at 4 has ln 2
    found = lyapunov_from_twins(lambda x, t: 4 * x * (1 - x), np.array([0.3]), 20_000)
    assert found == pytest.approx(math.log(2), abs=0.02)


@pytest.mark.parametrize(("radius", "chaotic"), [(0.9, False), (3.0, True)])
def test_twins_tell_order_from_chaos(radius: float, chaotic: bool) -> None:
    u = 0.1 * U[:700]
    model = EchoState(100, spectral_radius=radius, bias=0.0).fit(u)
    found = lyapunov_from_twins(lambda x, t: model.run(u[t : t + 1], x)[1], np.zeros(100), 400)
    assert (found > 0) == chaotic


def test_twins_that_meet_have_an_exponent_of_minus_infinity() -> None:
    assert lyapunov_from_twins(lambda x, t: np.round(x), np.zeros(2), 5) == -math.inf


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: memory_capacity(np.ones(100), np.ones((100, 2)), 3), "are finite and change"),
        (lambda: memory_capacity(U[:99], np.ones((100, 2)), 3), r"inputs \[100\] .* got \(99,\)"),
        (lambda: memory_capacity(U[:50], delayed(0)[:50], 50), "two rows per state .* got 1 for 1"),
        (lambda: kernel_quality(np.ones(4)), r"responses \[S, N\] of real numbers, got \(4,\)"),
        (lambda: kernel_quality([[np.nan, 1.0]]), "finite responses"),
        (lambda: separation(np.ones((3, 2)), [0, 0, 0]), "two classes at least, .* of 1 classes"),
        (lambda: lyapunov_from_twins(lambda x, t: x * np.nan, np.ones(2), 3), "finite states"),
        (lambda: lyapunov_from_twins(lambda x, t: x[:1], np.ones(2), 3), r"states \[2\], got"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
