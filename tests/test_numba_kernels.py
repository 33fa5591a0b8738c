"""The place that compiles with numba: what it sets for the compiler, and when."""

from contextlib import contextmanager

import numpy as np
import pytest

numba = pytest.importorskip("numba")

from axonal.neuro.ops import _numba  # noqa: E402


def test_every_type_of_an_unrolled_kernel_is_compiled_as_vectors_once(monkeypatch):
    entered = []
    original = _numba._statements_as_vectors

    @contextmanager
    def counted():
        with original():
            entered.append(numba.config.SLP_VECTORIZE)
            yield

    monkeypatch.setattr(_numba, "_statements_as_vectors", counted)
    first = _numba.kernel(lambda x, y: x[0] + y, unrolled=True)
    for dtype in (np.float32, np.float64, np.float32, np.float64):
        assert first(np.ones(2, dtype), 1) == 2
    assert entered == [1, 1]
    assert numba.config.SLP_VECTORIZE == 0
