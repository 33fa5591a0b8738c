"""Avalanches of activity: runs of steps with spikes between steps without."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from axonal._base import checks
from axonal._base.array_types import Int64Array
from axonal.reservoirs.criticality import _checks


class Avalanches(NamedTuple):
    """Runs of steps with activity between steps without.

    Args:
        sizes: spikes of each [A].
        durations: steps of each [A].
    """

    sizes: Int64Array
    durations: Int64Array


def avalanches(activity: ArrayLike, *, bin_steps: int = 1, threshold: float = 0.0) -> Avalanches:
    """Sizes and durations of avalanches: bins above a threshold between bins at or below it.

    What has begun before the first bin or goes on after the last is left out, because its size is
    unknown.

    Args:
        activity: spikes per step [T], or a raster [T, N] that is summed.
        bin_steps: steps per bin, >= 1; the mean interval between spikes is usual. Steps that do
            not fill the last bin are left out.
        threshold: >= 0.

    Raises:
        ValueError: negative numbers of spikes, a bin longer than the series.

    Source: Beggs and Plenz, J. Neurosci. 23, 11167 (2003).

    >>> avalanches([0, 2, 3, 0, 0, 1, 0, 4])
    Avalanches(sizes=array([5, 1]), durations=array([2, 1]))
    """
    who = "avalanches"
    a = _checks.activity(who, activity)
    width = checks.whole_number(who, "bin_steps", bin_steps, 1, len(a))
    checks.number(who, "threshold", threshold, 0)
    bins = a[: len(a) // width * width].reshape(-1, width).sum(1)
    active = np.concatenate(([False], bins > threshold, [False])).astype(np.int8)
    begins, ends = np.flatnonzero(np.diff(active) == 1), np.flatnonzero(np.diff(active) == -1)
    whole = (begins > 0) & (ends < len(bins))
    begins, ends = begins[whole], ends[whole]
    total = np.concatenate(([0.0], np.cumsum(bins)))
    return Avalanches(np.rint(total[ends] - total[begins]).astype(np.int64), ends - begins)
