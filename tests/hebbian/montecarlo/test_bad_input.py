"""What no simulation can do is refused in one line, before it is allocated."""

import math
from collections.abc import Callable

import pytest

from axonal.hebbian import montecarlo
from axonal.hebbian.montecarlo import _checks

BAD: list[tuple[str, Callable[[], object], type[Exception], str]] = [
    ("T < 0", lambda: montecarlo.hopfield(10, K=1, T=-1), ValueError, "T as a finite number"),
    ("T nan", lambda: montecarlo.hopfield(10, K=1, T=math.nan), ValueError, "T as a finite"),
    ("no load", lambda: montecarlo.hopfield(10, T=0.1), ValueError, "either K or alpha"),
    ("two", lambda: montecarlo.hopfield(10, K=1, alpha=1, T=1), ValueError, "either K or alpha"),
    (
        "alpha",
        lambda: montecarlo.hopfield(10, alpha=-1, T=1),
        ValueError,
        "alpha as a finite number > 0",
    ),
    ("K = 0", lambda: montecarlo.hopfield(10, K=0, T=1), ValueError, "K as a whole number from 1"),
    ("N = 1", lambda: montecarlo.hopfield(1, K=1, T=1), ValueError, "N as a whole number from 2"),
    (
        "N real",
        lambda: montecarlo.hopfield(10.5, K=1, T=1),
        TypeError,
        "hopfield expects N as a whole",
    ),  # type: ignore[arg-type]
    ("P = 1", lambda: montecarlo.dense(10, 1, K=1, T=1), ValueError, "P as a whole number >= 2"),
    ("N^P", lambda: montecarlo.dense(1000, 8, K=1, T=1), ValueError, r"N\^P must be at most"),
    (
        "T of T = 0",
        lambda: montecarlo.hopfield(10, K=1, T=1, dynamics="zero-temperature"),
        ValueError,
        "runs at T = 0",
    ),
    ("rule", lambda: montecarlo.hopfield(10, K=1, T=1, dynamics="x"), ValueError, "one of heat-"),
    ("form", lambda: montecarlo.hopfield(10, K=1, T=1, form="x"), ValueError, "one of auto"),
    (
        "bits of reals",
        lambda: montecarlo.hopfield(10, K=1, T=1, quality=0.5, examples=2, form="bits"),
        ValueError,
        "means of examples",
    ),
    ("r", lambda: montecarlo.hopfield(10, K=1, T=1, quality=0), ValueError, "quality as a"),
    ("no M", lambda: montecarlo.hopfield(10, K=1, T=1, quality=0.5), ValueError, "say how many"),
    ("M", lambda: montecarlo.hopfield(10, K=1, T=1, examples=0), ValueError, "examples as a"),
    ("sweeps", lambda: montecarlo.hopfield(10, K=1, T=1, sweeps=0), ValueError, "sweeps as a"),
    ("seed", lambda: montecarlo.hopfield(10, K=1, T=1, seed=-1), ValueError, "seed as a"),
    ("threads", lambda: montecarlo.hopfield(10, K=1, T=1, threads=0), ValueError, "threads as a"),
    (
        "d = 1",
        lambda: montecarlo.multitasking(10, 2, dilution=1, T=0.1),
        ValueError,
        "dilution below 1",
    ),
    (
        "lam",
        lambda: montecarlo.exponential(10, alpha=0.1, lam=0, m0=0.5),
        ValueError,
        "lam as a finite number > 0",
    ),
    (
        "exp(alpha N)",
        lambda: montecarlo.exponential(100, alpha=1, lam=1, m0=0.5),
        MemoryError,
        "cannot be drawn",
    ),
    (
        "K beyond memory",
        lambda: montecarlo.hopfield(10**6, K=10**9, T=0.1),
        MemoryError,
        "are available",
    ),
    (
        "matrix beyond memory",
        lambda: montecarlo.hopfield(10**7, K=2, T=0.1, form="matrix"),
        MemoryError,
        "are available",
    ),
    (
        "dense beyond memory",
        lambda: montecarlo.dense(20000, 3, gamma=0.1, T=0.1),
        MemoryError,
        "are available",
    ),
]


@pytest.mark.parametrize(("call", "error", "says"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_is_refused_in_one_line(
    call: Callable[[], object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_auto_avoids_the_matrix_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    point = {"K": 300, "T": 0, "samples": 1, "replicas": 100, "sweeps": 100}
    assert montecarlo.hopfield(400, **point).form == "matrix"
    monkeypatch.setattr(_checks, "available_bytes", lambda: 300_000)
    assert montecarlo.hopfield(400, **point).form in ("bits", "int8")
