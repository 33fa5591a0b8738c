"""The maximum over windows of spikes: an OR, which neurons without memory say.

A neuron that keeps nothing, weights of 1 and a threshold of 1,

    h_t = sum over its window of spikes(t),    a spike where h_t >= 1

fires exactly where some neuron of its window does. Of numbers that are no spikes a maximum has no
such form.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from axonal._base.array_types import BoolArray
from axonal.deploy.exporting import affine
from axonal.deploy.exporting.affine_signal import ONE, Signal
from axonal.deploy.exporting.calls import UnsupportedError
from axonal.deploy.graph import Population
from axonal.deploy.kinds import GRADED, READOUTS

MAX_POOLS: dict[Any, int] = {
    nn.MaxPool1d: 1, nn.MaxPool2d: 2, nn.MaxPool3d: 3,
    nn.AdaptiveMaxPool1d: 1, nn.AdaptiveMaxPool2d: 2, nn.AdaptiveMaxPool3d: 3,
    F.max_pool1d: 1, F.max_pool2d: 2, F.adaptive_max_pool2d: 2,
}  # fmt: skip
"""Poolings by their largest value, and how many axes they pool."""
RECTIFIERS: tuple[Any, ...] = (nn.ReLU, F.relu, "relu")
"""Calls that leave spikes as they are."""


def are_spikes(x: Signal, populations: Mapping[str, Population]) -> bool:
    """Return whether every value of a signal is one spike of one neuron, or always 0."""
    ones = np.zeros(x.size, dtype=np.int64)
    for (source, _), matrix in x.terms.items():
        kind = getattr(populations.get(source), "kind", None)
        if source == ONE or kind is None or kind in (*GRADED, *READOUTS):
            return False
        if (matrix.data != 1).any():
            return False
        ones += np.diff(matrix.tocsr().indptr)
    return bool((ones <= 1).all())


def windows(
    x: Signal, populations: Mapping[str, Population], pool: Callable[[Tensor], Tensor], axes: int
) -> Signal:
    """Return how many neurons of each window of a pooling fire.

    Args:
        x: what is pooled.
        populations: by name.
        pool: the pooling, of a batch.
        axes: how many axes it pools.

    Raises:
        UnsupportedError: for values that are no spikes.
    """
    if not are_spikes(x, populations):
        raise UnsupportedError(
            "the maximum of what is no spike cannot become synapses: pool behind the neurons, "
            "whose spikes it takes together, or by the mean"
        )
    return affine.pooling(x, pool, axes)


def pooled(drive: Signal, rasters: Mapping[str, BoolArray]) -> BoolArray:
    """Return where a window has a spike [T, B, N], from the spikes of those that it hears."""
    steps, samples = next(iter(rasters.values())).shape[:2]
    found = np.zeros((steps, samples, drive.size), dtype=bool)
    for (source, delay), matrix in drive.terms.items():
        raster = rasters[source][: max(steps - delay, 0)]
        heard = matrix @ raster.reshape(-1, raster.shape[2]).T
        found[delay:] |= (heard.T > 0).reshape(len(raster), samples, drive.size)
    return found
