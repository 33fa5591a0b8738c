"""Processes of other libraries, in an environment of their own."""

import os
import subprocess
from pathlib import Path

from axonal.recipes import RecipeError

ROOT = Path(__file__).resolve().parents[1]


def ask(
    experiment: str,
    library: str,
    module: str,
    *arguments: str,
    given: str = "",
    place: str = "peers",
) -> str:
    """Run a module of this package beside a library; return what it prints.

    Args:
        experiment: named in the error where the environment is missing.
        library: named in errors.
        module: of `experiments`.
        arguments: of its command line.
        given: its standard input.
        place: target of make that sets the environment up, ``.venv-`` and its name.

    Raises:
        ValueError: there is no such environment, or the process ended with an error; one line.
    """
    python = ROOT / f".venv-{place}" / "bin" / "python"
    if not python.exists():
        raise RecipeError(f"{experiment} measures {library}, which is not here: make {place}.")
    path = os.pathsep.join(map(str, (ROOT / "src", ROOT)))
    done = subprocess.run(
        [str(python), "-m", f"experiments.{module}", *arguments],
        input=given,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise RecipeError(f"{library} ended with an error: {' '.join(last)} (make {place}?)")
    return done.stdout
