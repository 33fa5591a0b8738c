"""``python -m benchmarks.against REV``: our works of today beside those of an older commit.

Both checkouts run the same benchmark at the same time, each in a process of its own, and are timed
in turn, work by work. The older one runs twice: what its second process takes over its first is
what the machine alone does to a ratio.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.__main__ import ROOT, write
from benchmarks._measure import Table

NAMES = ("call", "lif", "delay", "step", "spike_linear", "recurrent", "montecarlo", "executor")
ROUNDS = 7  # of a quick comparison 2
LEAST_SECONDS = 0.05  # of one measurement: shorter works are repeated
HEADER = ["benchmark", "work", "then (ms)", "now (ms)", "now over then", "then over then"]


class Checkout:
    """A process that holds the works of one checkout."""

    def __init__(self, folder: Path, name: str, quick: bool) -> None:
        command = [sys.executable, "-P", str(Path(__file__).with_name("_served.py")), name]
        self.printed = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by `end`)
        self.process = subprocess.Popen(
            [*command, "--quick"] if quick else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.printed,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{folder / 'src'}:{folder}", "OMP_NUM_THREADS": "1"},
            text=True,
        )

    def answer(self) -> dict[str, Any]:
        """Read the next answer."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.printed.seek(0)
            raise SystemExit(f"benchmarks: a checkout stopped early: {self.printed.read()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def say(self, request: dict[str, Any] | None) -> None:
        """Send a request; None goes on to the next case."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def seconds(self, work: str, repetitions: int) -> float:
        """Median time of one work."""
        self.say({"work": work, "repetitions": repetitions})
        return float(self.answer()["seconds"])

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.printed.close()


@contextlib.contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """A folder with the files of a commit, for the time of the block."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", revision], capture_output=True, check=False
    )
    if archive.returncode:
        raise SystemExit(f"benchmarks: there is no commit {revision} here.")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="tar")
        yield Path(folder)


def compared(table: Table, name: str, then: Path, quick: bool) -> None:
    """All works of one benchmark, as lines of the table."""
    sides = [Checkout(then, name, quick)]
    try:
        case, offers = 0, [sides[0].answer()["works"]]
        # the third finds on disk what the first has compiled
        sides += [Checkout(folder, name, quick) for folder in (ROOT, then)]
        while True:
            offers += [side.answer()["works"] for side in sides[len(offers) :]]
            if None in offers:
                break
            case += 1
            for work in offers[0]:
                if all(work in offer for offer in offers):
                    add(table, f"{name} {case}", work, sides, 2 if quick else ROUNDS)
            for side in sides:
                side.say(None)
            offers = []
    finally:
        for side in sides:
            side.end()


def add(table: Table, case: str, work: str, sides: list[Checkout], rounds: int) -> None:
    """One work, timed in turn."""
    once = sides[0].seconds(work, 1)
    repetitions = max(1, min(200, round(LEAST_SECONDS / max(once, 1e-6))))
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, seconds in zip(sides, taken, strict=True):
            seconds.append(side.seconds(work, repetitions))
    best = [min(seconds) for seconds in taken]
    # of one round each, because the two were measured within a moment
    now = statistics.median(b / a for a, b in zip(*taken[:2], strict=True))
    again = statistics.median(c / a for a, c in zip(taken[0], taken[2], strict=True))
    milliseconds = [f"{1e3 * seconds:.3g}" for seconds in best[:2]]
    table.add([case, work, *milliseconds, f"{now:.2f}", f"{again:.2f}"])
    table.json.append(
        {"case": case, "implementation": work, "then_s": taken[0], "now_s": taken[1],
         "then_again_s": taken[2], "ratio": now, "control": again}
    )  # fmt: skip


def main() -> None:
    """Compare what is asked for, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against", description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("names", nargs="*", default=NAMES, help="benchmarks (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small cases; nothing is written")
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    table = Table(HEADER)
    with checked_out(given.revision) as folder:
        for name in given.names:
            compared(table, name, folder, given.quick)
    table.remarks.append(
        f"Now beside commit {given.revision}: medians over {ROUNDS} rounds of the ratio within a "
        "round, processor time of one thread. The last column is a second process of the older "
        "commit over its first: what the machine alone does to a ratio."
    )
    if not given.quick:
        write("against", table, 1)


if __name__ == "__main__":
    main()
