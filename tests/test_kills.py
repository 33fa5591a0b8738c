"""A small share of `make kills`: what is killed loses nothing and leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def test_commands_killed_at_random_moments_lose_nothing_and_leave_nothing() -> None:
    script = ROOT / "tests" / "scripts" / "kills.py"
    scenes = ("save", "run --stream", "simulator")
    command = [sys.executable, script, "--count", "4", "--only", *scenes]
    environment = {**ENV, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"| {name} |" in done.stdout for name in scenes)
