"""Parity of the last N bits and match of two: labels, chance, bad input."""

import numpy as np
import pytest

from axonal.datasets import n_dms, n_parity, parity_chance


def test_labels_are_those_of_their_definitions() -> None:
    orders = [1, 2, 5, 9]
    parity = n_parity(orders, 9, 50, rng=np.random.default_rng(0))
    match = n_dms(orders, 9, 50, rng=np.random.default_rng(0))
    for k, n in enumerate(orders):
        assert (parity.labels[k] == parity.bits[-n:].sum(0) % 2).all()
        assert (match.labels[k] == (match.bits[-n] == match.bits[-1])).all()
    assert (match.labels[0] == 1).all()


@pytest.mark.parametrize("order", [2, 3, 6, 7])
def test_guessing_from_the_share_of_ones_gets_what_chance_says(order: int) -> None:
    """The likelier parity, with the share of ones as it is estimated from a long sequence."""
    bits, labels = n_parity([order], 600, 8000, rng=np.random.default_rng(order))
    p = bits[:-order].mean(0)
    even = 0.5 * (1 + (1 - 2 * p) ** order)
    found = ((even < 0.5) == labels[0]).mean()
    assert found == pytest.approx(parity_chance(order), abs=0.02)


def test_bits_of_the_match_are_balanced_and_those_of_parity_are_not() -> None:
    rng = np.random.default_rng(0)
    assert n_dms([2], 100, 500, rng=rng).bits.mean(0).std() < 0.07
    assert n_parity([2], 100, 500, rng=rng).bits.mean(0).std() > 0.2


@pytest.mark.parametrize("task", [n_parity, n_dms])
def test_what_does_not_fit_is_one_line(task: object) -> None:
    rng = np.random.default_rng(0)
    for given, kind, said in (
        (([2], 5, 3, 0), TypeError, "rng as a numpy Generator"),
        (([6], 5, 3, rng), ValueError, "orders as a whole number from 1 to 5, got 6"),
        (([0], 5, 3, rng), ValueError, "from 1 to 5, got 0"),
        (([], 5, 3, rng), ValueError, "orders as a list"),
        ((4, 5, 3, rng), ValueError, "orders as a list"),
        (([2], 0, 3, rng), ValueError, "steps as a whole number >= 1"),
        (([2], 5, 0, rng), ValueError, "samples as a whole number >= 1"),
    ):
        *arguments, generator = given
        with pytest.raises(kind, match=said) as caught:
            task(*arguments, rng=generator)  # type: ignore[operator]
        assert "\n" not in str(caught.value)
