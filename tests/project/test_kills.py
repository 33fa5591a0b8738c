"""A small share of `make kills`: what is killed loses nothing and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import ROOT
from helpers.event_graphs import loop

from axonal.deploy import EventGraph

ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
def test_commands_killed_at_random_moments_lose_nothing_and_leave_nothing() -> None:
    script = ROOT / "tests" / "scripts" / "kills.py"
    scenes = ("save", "run --stream", "write events", "simulator")
    command = [sys.executable, script, "--count", "4", "--only", *scenes]
    environment = {**ENV, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"| {name} |" in done.stdout for name in scenes)


class Stop(Exception):
    """What a signal raises."""


# an interrupt may come between the opening of a file and its `with`
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_moment_of_a_write_leaves_the_old_graph_or_the_new_one(
    tmp_path: Path,
) -> None:
    file = tmp_path / "graph.h5"
    graphs = [loop(4, fan=2, steps=5), loop(6, fan=3, steps=5)]
    sizes = [sum(q.size for q in graph.projections) for graph in graphs]
    graphs[0].save(file)
    begun = time.perf_counter()
    graphs[1].save(file)
    enough, now, stopped = time.perf_counter() - begun, 1, 0

    def stop(*_: object) -> None:
        raise Stop

    before = signal.signal(signal.SIGALRM, stop)
    try:
        for k in range(150):
            try:
                signal.setitimer(signal.ITIMER_REAL, enough * (k + 1) / 150)
                graphs[1 - now].save(file)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Stop:
                stopped += 1
            # whole, and one of the two
            now = sizes.index(sum(q.size for q in EventGraph.load(file).projections))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert stopped > 50
    graphs[0].save(file)
    assert os.listdir(tmp_path) == ["graph.h5"]
