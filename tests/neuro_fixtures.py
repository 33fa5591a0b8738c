"""Arrays computed with the published implementations, for the golden tests."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch


def golden(name):
    """Arrays of one fixture file as tensors by name; the files lie beside the data sets."""
    data = os.environ.get("AXONAL_DATA")
    if not data:
        pytest.skip("AXONAL_DATA is not set: it names the folder beside which the fixtures lie")
    with np.load(Path(data).resolve().parent / "fixtures" / name) as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays.files}
