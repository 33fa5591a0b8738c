"""The code and the libraries that a result comes from."""

import platform
import subprocess
from pathlib import Path

import torch

from axonal import __version__

RESULTS = ("docs/results", "benchmarks/RESULTS.md")


def provenance() -> dict[str, str | None]:
    """Commit and versions, as a summary has them.

    >>> sorted(provenance())
    ['commit', 'python', 'torch', 'version']
    """
    return {
        "commit": commit(),
        "version": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def commit() -> str | None:
    """Commit of the checkout this package runs from, with "+changes"; None outside of one."""
    here = Path(__file__).resolve()
    questions = (
        # an installed package may lie in the checkout of somebody's own project
        ("ls-files", "--error-unmatch", here.name),
        ("rev-parse", "HEAD"),
        # results are written by the code, so they do not change it
        ("status", "--porcelain", "--", ":(top)", *(f":(top,exclude){path}" for path in RESULTS)),
    )
    answers = []
    for question in questions:
        command = ["git", "-C", str(here.parent), *question]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode:
            return None
        answers.append(done.stdout.strip())
    return answers[1] + ("+changes" if answers[2] else "")
