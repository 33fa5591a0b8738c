"""The environment of commands that tests start."""

import os

from helpers import ROOT

ENV = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
