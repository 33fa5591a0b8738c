"""Bits of spikes, and rows of weights added to the feedback that neurons hear."""

from typing import Any

import numpy as np
import torch

from axonal._base.jit import jit

BITS = {torch.float32: np.int32, torch.float64: np.int64}
"""Integers of the size of numbers."""


@jit
def add_four(y: Any, rows: Any, where: Any, k: int) -> None:
    """Add to y the rows of four neurons, those from place k of ``where`` on."""
    w, x, v, u = rows[where[k]], rows[where[k + 1]], rows[where[k + 2]], rows[where[k + 3]]
    for j in range(y.size):
        y[j] += (w[j] + x[j]) + (v[j] + u[j])
