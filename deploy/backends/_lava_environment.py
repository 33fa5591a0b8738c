"""The place of Lava's own environment: it needs Python 3.10, which axonal does not run on."""

import os
import sys
from pathlib import Path

COMMAND = "make lava (Python 3.10 with lava-nc; or set AXONAL_LAVA_PYTHON to its interpreter)"


def interpreter() -> Path | None:
    """The interpreter that has Lava: AXONAL_LAVA_PYTHON, or .venv-lava beside this environment.

    >>> interpreter() is None or interpreter().exists()
    True
    """
    named = os.environ.get("AXONAL_LAVA_PYTHON")
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    checkout = Path(__file__).resolve().parents[2]
    for folder in dict.fromkeys([checkout, Path(sys.prefix).parent, Path.cwd()]):
        python = folder / ".venv-lava" / "bin" / "python"
        if os.access(python, os.X_OK) and any(
            python.parent.parent.glob("lib/*/site-packages/lava")
        ):
            return python
    return None
