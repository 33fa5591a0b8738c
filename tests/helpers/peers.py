"""Scripts of the tests in the environment of the peers."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from helpers import ROOT, SCRIPTS, needs


def answer(script: str | Path, *arguments: object) -> Any:
    """Output of a script, from its last line of JSON."""
    needs.require("peers")
    done = subprocess.run(
        [needs.PEERS, SCRIPTS / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
