"""One damaged file at a time: what came of it, and how much memory it took."""

import random
import re
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.target import digest
from fuzz.targets import TARGETS

CONSTANT = 16 << 20
"""Bytes that a reader may take beyond twice the file and twice what the whole file reads to."""


def trials(name: str, folder: Path, first: int, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Try a reader on damaged files, every other one under right checksums; a row each."""
    warnings.simplefilter("error")
    target = TARGETS[name](folder)
    tracemalloc.start()
    whole = target.read()
    expected, held = digest(whole), _bytes(whole)
    del whole
    for k in range(first, first + count):
        sealed = bool(k % 2)
        target.damage(random.Random(f"{name} {seed} {k}"), sealed)
        yield {"k": k, "state": "begin"}
        limit = 2 * (target.size() + held) + CONSTANT
        row = _row(target, expected, sealed, limit)
        yield {"k": k, "state": "end", "sealed": sealed, **row}


def _row(target: Any, expected: str, sealed: bool, limit: int) -> dict[str, Any]:
    before, start = _resident(), tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    _reset_peak()
    problem, outcome = None, "refused"
    try:
        found = target.read()
    except target.errors as error:
        text = str(error)
        if not text or (target.one_line and "\n" in text) or str(target.path) not in text:
            problem = f"no clear line: {text[:120]!r}"
    except Exception as error:
        problem = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
    else:
        same = digest(found) == expected
        outcome = "same" if same else "other"
        if target.checked and not sealed and not same:
            problem = "other content under a checksum"
    taken = max(tracemalloc.get_traced_memory()[1] - start, _peak() - before)
    if problem is None and taken > limit:
        problem = f"took {taken} bytes, {limit} allowed"
    return {"outcome": outcome, "problem": problem, "taken": taken}


def _bytes(found: Any) -> int:
    if isinstance(found, np.ndarray):
        return int(found.nbytes)
    if isinstance(found, dict):
        return sum(map(_bytes, found.values()))
    if isinstance(found, tuple | list):
        return sum(map(_bytes, found))
    return sum(map(_bytes, vars(found).values())) if hasattr(found, "__dict__") else 64


def _status(field: str) -> int:
    match = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    return 1024 * int(match[1]) if match else 0


def _resident() -> int:
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def summed(rows: list[dict[str, Any]]) -> Counter[str]:
    """How many files came to what, sealed and not."""
    return Counter(f"{row['outcome']} {'sealed' if row['sealed'] else 'plain'}" for row in rows)
