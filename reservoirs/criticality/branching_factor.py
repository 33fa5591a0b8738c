"""The branching factor of spikes in a network whose connections are known."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.criticality import _checks


def branching_factor(
    raster: ArrayLike,
    pre: ArrayLike,
    post: ArrayLike,
    *,
    window: int = 4,
    start: int = 0,
    stop: int | None = None,
) -> float:
    """Spikes after a spike in the neurons it reaches, per spike before it in those that reach it.

    For a spike of neuron i at time t in [start + w, stop - w): b = (spikes of the targets of i in
    [t + 1, t + w]) / max(1, spikes of the sources of i in [t - w, t - 1]). The mean is taken over
    the spikes of a neuron, then over the neurons that spike in that time. Activity of 1 is neither
    growing nor dying; a silent past counts as one spike.

    Args:
        raster: spikes [T, N], or numbers of them.
        pre: neuron that each connection comes from [E]; a connection that is given twice counts
            twice.
        post: neuron that it leads to [E].
        window: w, steps >= 1.
        start: first step that is looked at, >= 0.
        stop: step after the last; T by default.

    Returns:
        The mean; NaN if no neuron spikes in that time, which is no activity to speak of.

    Raises:
        ValueError: shapes that do not fit, neurons that there are not, a stretch shorter than
            2 w + 1 steps.

    Source: Ivanov and Michmizos, NeurIPS 34 (2021), arXiv 2111.01760, who have steps of 1 ms, a
    window of 4, and look at steps 25 to 225 of 250.

    >>> import numpy as np
    >>> raster = np.zeros((9, 3))
    >>> raster[4, 0] = raster[5, 1] = raster[6, 2] = 1
    >>> branching_factor(raster, pre=[0, 0], post=[1, 2])  # only the first lies within the windows
    2.0
    """
    who = "branching_factor"
    spikes = _checks.counts(who, "raster", raster, "[T, N]")
    steps, size = spikes.shape
    w = checks.whole_number(who, "window", window)
    last = steps if stop is None else checks.whole_number(who, "stop", stop, 0, steps)
    first = checks.whole_number(who, "start", start, 0) + w
    if first >= last - w:
        raise ValueError(
            f"{who} expects more than {2 * w} steps, so that windows of {w} fit on both sides of a"
            f" spike, got {last - first + w} from {start} to {last}."
        )
    source, target = (_checks.neurons(who, n, v, size) for n, v in (("pre", pre), ("post", post)))
    if len(source) != len(target):
        raise ValueError(
            f"{who} expects pre and post of one length, got {len(source)} and {len(target)}."
        )
    links = sparse.csr_array((np.ones(len(source)), (source, target)), shape=(size, size))
    # sums over steps before t are differences of total[t]
    total = np.concatenate((np.zeros((1, size)), np.cumsum(spikes, 0)))
    t = np.arange(first, last - w)
    after = (links @ (total[t + w + 1] - total[t + 1]).T).T
    before = (links.T @ (total[t] - total[t - w]).T).T
    weight = spikes[t]
    factors = after / np.maximum(before, 1)
    return _mean_of_means(factors, weight)


def _mean_of_means(values: Float64Array, weight: Float64Array) -> float:
    """Mean over rows by their weights, then over the columns that have any."""
    found = weight.sum(0)
    spiking = found > 0
    if not spiking.any():
        return math.nan
    return float(((values * weight).sum(0)[spiking] / found[spiking]).mean())
