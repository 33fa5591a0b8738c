"""What tests share; the folders that they look into."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
SCRIPTS = ROOT / "tests" / "scripts"
FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
"""Many more cases than a run of all tests has time for are asked for."""
