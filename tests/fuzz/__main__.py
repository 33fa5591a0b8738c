"""Try every reader on damaged files in one process, which a watchdog ends when it hangs."""

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
for place in (ROOT / "tests", ROOT / "src"):
    sys.path.insert(0, str(place))

from fuzz import page  # noqa: E402
from fuzz.page import PATIENCE  # noqa: E402
from fuzz.targets import TARGETS  # noqa: E402
from fuzz.trial import trials  # noqa: E402

STILL = 300.0
"""Seconds without any processor time after which a process waits for what never comes."""


def main() -> int:
    """Parse the command line, try, and report; 1 if any reader failed."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--mutations", type=int, default=10_000, help="for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readers", default=",".join(TARGETS))
    parser.add_argument("--out", type=Path, help="add to the table here (Markdown)")
    parser.add_argument("--work", nargs=3, metavar=("READER", "FIRST", "COUNT"))
    given = parser.parse_args()
    if given.work:
        work(given.work[0], int(given.work[1]), int(given.work[2]), given.seed)
        return 0
    failed = False
    for name in given.readers.split(","):
        begun = time.monotonic()
        rows = watched(name, given.mutations, given.seed)
        bad = [row for row in rows if row["problem"]]
        failed = failed or bool(bad)
        took = time.monotonic() - begun
        print(f"{name}: {len(rows)} files, {len(bad)} problems, {took:.0f} s", flush=True)
        for row in bad[:10]:
            print(f"  {row['k']}: {row['problem']}", flush=True)
        if given.out:
            # reader by reader, so that a stopped run loses one of them at most
            page.add(given.out, name, rows, given.seed)
    return int(failed)


def work(name: str, first: int, count: int, seed: int) -> None:
    """What the watched process does: a line before each file and one after it."""
    # what libraries print must not be taken for a row
    rows = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        for row in trials(name, Path(folder), first, count, seed):
            rows.write(json.dumps(row) + "\n")
            rows.flush()


def watched(name: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Rows of a reader; what hangs or crashes is a row, too, and the rest goes on after it."""
    rows: list[dict[str, Any]] = []
    while len(rows) < count:
        first = len(rows)
        words = ["--work", name, str(first), str(count - first), "--seed", str(seed)]
        process = subprocess.Popen(
            [sys.executable, "-m", "fuzz", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if not rows else subprocess.DEVNULL,
            cwd=ROOT / "tests",
        )
        problem = follow(process, rows)
        if problem and len(rows) == first and not rows:
            raise SystemExit(f"{name}: {problem}: {_errors(process)}")
        if problem and len(rows) < count:
            k = len(rows)
            rows.append(
                {"k": k, "sealed": bool(k % 2), "outcome": "ended", "problem": problem, "taken": 0}
            )
    return rows


def follow(process: "subprocess.Popen[bytes]", rows: list[dict[str, Any]]) -> str | None:
    """Collect rows until the process ends; why it did not end well."""
    assert process.stdout is not None
    # the first row waits for imports and for the whole file
    waiting, limit, since = b"", STILL, 0.0
    used, moved = 0.0, time.monotonic()
    while True:
        ready, _, _ = select.select([process.stdout], [], [], 2.0)
        if not ready:
            now = processor_seconds(process.pid)
            if now > used:
                used, moved = now, time.monotonic()
            still = time.monotonic() - moved
            if now - since > limit or still > STILL:
                process.kill()
                process.wait()
                return f"hangs: {now - since:.0f} s of processor time, {still:.0f} s without any"
            continue
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            break
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            row = json.loads(line)
            limit, since = PATIENCE, processor_seconds(process.pid)
            moved = time.monotonic()
            if row.pop("state") == "end":
                rows.append(row)
    code = process.wait()
    if code < 0:
        return f"crash by {signal.Signals(-code).name}"
    return f"left with code {code}" if code else None


def processor_seconds(pid: int) -> float:
    """Processor time of all threads of a process, 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _errors(process: "subprocess.Popen[bytes]") -> str:
    return process.stderr.read().decode(errors="replace")[-600:] if process.stderr else ""


if __name__ == "__main__":
    sys.exit(main())
