"""The search for spikes in a row of integers, against numpy's."""

import numpy as np
import pytest

pytest.importorskip("numba")

from axonal.neuro.ops._active import AHEAD, active, count

UNTOUCHED = -7


@pytest.mark.parametrize("kind", [np.int32, np.int64])
@pytest.mark.parametrize("share", [0, 0.02, 0.5, 1])
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 300])
def test_what_is_not_zero_is_found_in_order(kind, share, size):
    rng = np.random.default_rng(size)
    values = rng.choice(np.array([-1, 1, np.iinfo(kind).min, np.iinfo(kind).max]), size)
    bits = np.where(rng.random(size) < share, values, 0).astype(kind)
    where = np.full(size + AHEAD + 1, UNTOUCHED)
    used = active(bits, where)
    assert where[:used].tolist() == np.flatnonzero(bits).tolist()
    assert where[-1] == UNTOUCHED
    assert count(bits) == used


def test_rows_that_start_anywhere_are_read_from_their_start():
    bits = np.zeros((3, 70), np.int32)
    bits[1, [0, 69]] = bits[2, 0] = 5
    where = np.empty(70 + AHEAD, np.int64)
    assert where[: active(bits[1], where)].tolist() == [0, 69]
