"""The place that compiles with numba: what it sets for the compiler, and when."""

import io
import logging
import re
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

numba = pytest.importorskip("numba")

from axonal._base import jit  # noqa: E402


@pytest.mark.parametrize("watched", [True, False])
def test_what_is_being_compiled_is_said_before_to_whoever_watches(
    monkeypatch, caplog, tmp_path, watched
):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    modules = {"ipykernel"} if watched else set()
    monkeypatch.setattr(jit, "sys", SimpleNamespace(modules=modules, stderr=io.StringIO()))
    caplog.set_level(logging.INFO, logger="axonal")
    double = jit.kernel(lambda x: x + x)
    assert [double(3), double(4)] == [6, 8]
    before, after = caplog.records
    assert re.match(r"compiling \S*test_what_is_being_compiled\S*, which", before.getMessage())
    assert before.levelno == (logging.WARNING if watched else logging.INFO)
    assert ": compiled, " in after.getMessage()


def test_every_type_of_an_unrolled_kernel_is_compiled_as_vectors_once(monkeypatch):
    entered = []
    original = jit._statements_as_vectors

    @contextmanager
    def counted():
        with original():
            entered.append(numba.config.SLP_VECTORIZE)
            yield

    monkeypatch.setattr(jit, "_statements_as_vectors", counted)
    first = jit.kernel(lambda x, y: x[0] + y, unrolled=True)
    for dtype in (np.float32, np.float64, np.float32, np.float64):
        assert first(np.ones(2, dtype), 1) == 2
    assert entered == [1, 1]
    assert numba.config.SLP_VECTORIZE == 0
