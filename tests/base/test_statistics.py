"""Orders of arms: what is said to hold lies beyond its interval."""

import pytest

from axonal._base.statistics import Difference, order


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (((0.2, 0.1), (0.2, 0.1)), "a > b > c"),
        (((0.2, 0.1), (0.0, 0.1)), "a > b; b and c do not separate"),
        (((-0.2, 0.1), (0.2, 0.1)), "b > a; b > c"),
    ],
)
def test_an_order_of_three(apart: tuple[tuple[float, float], ...], said: str) -> None:
    assert order("abc", [Difference(*d) for d in apart]) == said


def test_a_difference_prints_its_interval() -> None:
    assert str(Difference(0.05, 0.02)) == "+0.050 [+0.030, +0.070]"
