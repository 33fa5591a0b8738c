"""The page of what came of damaged files, and the numbers that it is made of."""

import datetime
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from axonal._base.files import write_text
from fuzz.targets import TARGETS
from fuzz.trial import CONSTANT, summed

PATIENCE = 20.0
"""Seconds of processor time that one damaged file may take, so that a busy machine is no hang."""
OUTCOMES = ("refused", "same", "other")
MOST_PROBLEMS = 50


def add(path: Path, reader: str, rows: list[dict[str, Any]], seed: int) -> None:
    """Put a reader's rows in the place of its earlier ones, in the page and the JSON beside it."""
    numbers = path.with_suffix(".json")
    kept = json.loads(numbers.read_text()) if numbers.exists() else {}
    kept[reader] = _counted(rows, seed)
    # readers that are gone leave the page
    ordered = {name: kept[name] for name in TARGETS if name in kept}
    write_text(numbers, json.dumps(ordered, indent=1) + "\n")
    write_text(path, "\n".join(written(ordered)) + "\n")


def _counted(rows: list[dict[str, Any]], seed: int) -> dict[str, Any]:
    from axonal.recipes import _provenance

    sums = summed(rows)
    return {
        "files": len(rows),
        "seed": seed,
        **{what: [sums[f"{what} plain"], sums[f"{what} sealed"]] for what in OUTCOMES},
        "problems": [[row["k"], row["problem"]] for row in rows if row["problem"]],
        "commit": _provenance.commit() or "unknown",
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores; Python "
        f"{platform.python_version()}, {_versions()}",
    }


def written(readers: dict[str, dict[str, Any]]) -> list[str]:
    """Lines of the page."""
    lines = [
        "# Damaged files",
        "",
        "Written by `make fuzz-readers`; do not edit. Every reader gets a whole file with one to "
        "eight changes: flipped bits, other bytes, numbers at the ends of their ranges, cuts, "
        "holes, insertions, copies and zeros. Every other file has its checksums made right again, "
        "where there are any, so that what lies behind them is tried, too.",
        "",
        "A problem is: other content where a checksum stands and was not made right again, a hang "
        f"(more than {PATIENCE:g} s of processor time), a crash, an exception other than the "
        "classes that the docstring of the reader names, a message that is empty, does not name "
        "the file or has several lines (but lists of NIR nodes), a warning, or more memory than "
        "twice the file and "
        f"what the whole file reads to, plus {CONSTANT >> 20} MB. *Same* is content as of the whole"
        " file: changes of what nobody reads, or (sealed) of nothing.",
        "",
        "| reader | files | checksum | refused | same | other content | problems | commit | date |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in readers.items():
        cells = [f"{found[what][0]} + {found[what][1]}" for what in OUTCOMES]
        checked = "all of it" if TARGETS[name].checked else "none"
        lines.append(
            f"| {name} | {found['files']} | {checked} | {' | '.join(cells)} | "
            f"{len(found['problems'])} | {found['commit'][:10]} | {found['date']} |"
        )
    lines += ["", "Numbers are of files whose checksums are damaged + of those made right again."]
    problems = [(name, *one) for name, found in readers.items() for one in found["problems"]]
    if problems:
        lines += ["", "## Problems", ""]
        lines += [f"- {name}, file {k}: {problem}" for name, k, problem in problems[:MOST_PROBLEMS]]
    seeds = ", ".join(map(str, sorted({found["seed"] for found in readers.values()})))
    machines = sorted({found["machine"] for found in readers.values()})
    missing = [name for name in TARGETS if name not in readers]
    return [
        *lines,
        "",
        "## How this was made",
        "",
        "- Command: `make fuzz-readers`, or some of the readers by `cd tests && python -m fuzz "
        "--readers shd,nir --out ../docs/results/robustness.md`, which keeps the other rows",
        f"- Seed: {seeds}; file k of a reader is made of the reader's name, seed and k",
        *(f"- Machine: {machine}" for machine in machines),
        *([f"- Not run in full yet: {', '.join(missing)}"] if missing else []),
    ]


def _versions() -> str:
    return ", ".join(f"{name} {version(name)}" for name in ("numpy", "h5py", "nir", "zarr"))
