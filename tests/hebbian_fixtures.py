"""Reference tables of the theory, as arrays."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest


def table(name):
    """Rows of one shared table without its header; the files lie beside the data sets."""
    data = os.environ.get("AXONAL_DATA")
    if not data:
        pytest.skip("AXONAL_DATA is not set: it names the folder beside which the fixtures lie")
    with open(Path(data).resolve().parent / "fixtures" / "physics" / name) as file:
        rows = list(csv.reader(file))[1:]
    return np.array([[float(value) for value in row] for row in rows])
