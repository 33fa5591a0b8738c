"""Arrays computed with the published implementations, for the golden tests."""

import numpy as np
import torch

from helpers import needs


def golden(name):
    """Arrays of one fixture file as tensors by name; the files lie beside the data sets."""
    with np.load(needs.data("fixtures") / name) as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays.files}
