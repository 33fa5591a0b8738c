"""Maxima and products of spikes: OR and AND, which neurons without memory say.

A neuron that keeps nothing, weights of 1 and a whole threshold,

    h_t = sum over what it hears of spikes(t),    a spike where h_t >= threshold

fires where some neuron of its window does (a maximum, threshold 1), or where both factors of a
product do (threshold 2). Of numbers that are no spikes a maximum or a product has no such form.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from axonal._base.array_types import BoolArray
from axonal.deploy.exporting import affine
from axonal.deploy.exporting.affine_signal import ONE, Signal
from axonal.deploy.exporting.calls import UnsupportedError, broadcast
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


class Gate(NamedTuple):
    """Neurons without memory.

    Attributes:
        drive: how many spikes each of them hears.
        threshold: how many make it fire.
    """

    drive: Signal
    threshold: int


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


def maximum(
    x: Signal, populations: Mapping[str, Population], pool: Callable[[Tensor], Tensor], axes: int
) -> Gate:
    """Return the gate that fires where a neuron of its window does.

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
    return Gate(affine.pooling(x, pool, axes), 1)


def product(x: Signal, y: Signal, populations: Mapping[str, Population]) -> Gate:
    """Return the gate that fires where both factors do, one broadcast to the other.

    Raises:
        UnsupportedError: for values that are no spikes.
    """
    if not (are_spikes(x, populations) and are_spikes(y, populations)):
        raise UnsupportedError(
            "the product of two signals cannot become synapses, unless both are spikes: put "
            "neurons before it"
        )
    shape = np.broadcast_shapes(x.shape, y.shape)
    return Gate(broadcast(x, shape) + broadcast(y, shape), 2)


def fired(gate: Gate, rasters: Mapping[str, BoolArray]) -> BoolArray:
    """Return where a gate fires [T, B, N], from the spikes of those that it hears."""
    steps, samples = next(iter(rasters.values())).shape[:2]
    heard = np.zeros((steps, samples, gate.drive.size))
    for (source, delay), matrix in gate.drive.terms.items():
        raster = rasters[source][: max(steps - delay, 0)]
        spikes = matrix @ raster.reshape(-1, raster.shape[2]).T
        heard[delay:] += spikes.T.reshape(len(raster), samples, gate.drive.size)
    found: BoolArray = heard >= gate.threshold
    return found
