"""The search for spikes in the bits of a row of numbers, against numpy's."""

import numpy as np
import pytest

pytest.importorskip("numba")

import numba

from axonal.neuro.ops._nonzero import AHEAD, active, count

UNTOUCHED = -7


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("share", [0, 0.02, 0.5, 1])
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 300])
def test_what_is_not_zero_is_found_in_order(kind, share, size):
    rng = np.random.default_rng(size)
    ends = np.finfo(kind)
    some = [-1.0, 1.0, np.nan, np.inf, ends.max, ends.smallest_subnormal, -ends.smallest_subnormal]
    zeros = rng.choice([0.0, -0.0], size)
    x = np.where(rng.random(size) < share, rng.choice(some, size), zeros).astype(kind)
    bits = x.view(np.int32 if kind == np.float32 else np.int64)
    where = np.full(size + AHEAD + 1, UNTOUCHED)
    used = active(bits, where)
    assert where[:used].tolist() == np.flatnonzero(x).tolist()
    assert where[-1] == UNTOUCHED
    assert count(bits) == used


def test_rows_that_start_anywhere_are_read_from_their_start():
    bits = np.zeros((3, 70), np.int32)
    bits[1, [0, 69]] = bits[2, 0] = 5
    where = np.empty(70 + AHEAD, np.int64)
    assert where[: active(bits[1], where)].tolist() == [0, 69]


def test_rows_with_gaps_are_refused():
    bits = np.zeros((70, 3), np.int32).T
    with pytest.raises(numba.TypingError, match="the row must be contiguous"):
        active(bits[1], np.empty(70 + AHEAD, np.int64))
