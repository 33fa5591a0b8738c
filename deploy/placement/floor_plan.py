"""The figure of a placement."""

import math
from typing import TYPE_CHECKING

import numpy as np

from axonal._base.array_types import Float64Array, Int64Array
from axonal.deploy.placement.mesh import routers
from axonal.deploy.placement.one_core import draw_core
from axonal.deploy.placement.placement import Placement
from axonal.deploy.placement.style import BORDER, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


EMPTY, SPIKES = "#F4F4F4", "#111111"
STRONGEST = 40
"""Pairs of cores whose traffic is drawn."""
WIDEST = 3.0
"""Line of the pair with most spikes, in points."""


def plot_floor_plan(placement: Placement, ax: "Axes") -> "Axes":
    """Cores of the chip, how full they are, and the spikes between them.

    Cores of one router lie together in a square. A core is filled to the share of its fullest
    limit, in the colours of its populations by their neurons; an empty one is pale. Lines join the
    pairs of cores with most spikes, as wide as there are spikes. Routers beyond the last that is
    used are left out. A network on a single core has no plan: what it takes of each limit of the
    core is drawn instead, as bars.

    Args:
        placement: what `place` returned.
        ax: where to draw.

    Returns:
        ``ax``, with routers numbered along both sides, or limits and shares, and a legend.

    >>> from axonal.deploy import example, place
    >>> from matplotlib.figure import Figure
    >>> plot_floor_plan(place(example()), Figure().subplots()).get_xlabel()
    'share of what the core has (%)'
    """
    if placement.cores_used == 1:
        draw_core(ax, placement)
    else:
        _plan(ax, placement)
    ax.tick_params(length=0)
    ax.set_title(_title(placement), fontsize="medium")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small", frameon=False)
    return ax


def _plan(ax: "Axes", placement: Placement) -> None:
    """Routers and cores from the first to the last that is used, and the lines between them."""
    limits = placement.limits
    x, y, width = _corners(placement)
    _cores(ax, placement, x, y, width)
    _lines(ax, placement, x + width / 2, y + width / 2)
    column, row = routers(limits, np.flatnonzero(placement.used["neurons"]))
    columns, rows = int(column.max()) + 1, int(row.max()) + 1
    ax.set_xticks(np.arange(columns) + 0.5, labels=[str(k) for k in range(columns)])
    ax.set_yticks(np.arange(rows) + 0.5, labels=[str(k) for k in range(rows)])
    ax.set(
        xlabel="column of routers",
        ylabel="row of routers",
        xlim=(0, columns),
        ylim=(rows, 0),
        aspect="equal",
    )
    ax.spines[:].set_visible(False)


def _corners(placement: Placement) -> tuple[Float64Array, Float64Array, float]:
    """Upper left corners of all cores [cores], and their width; a router's square is 1 wide."""
    limits = placement.limits
    core = np.arange(limits.cores)
    column, row = routers(limits, core)
    side = math.ceil(math.sqrt(limits.tile))
    down, right = np.divmod(core % limits.tile, side)
    step = 0.92 / side
    return column + 0.04 + right * step, row + 0.04 + down * step, 0.94 * step


def _cores(
    ax: "Axes",
    placement: Placement,
    x: Float64Array,
    y: Float64Array,
    width: float,
) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    outlines = [Rectangle(corner, width, width) for corner in zip(x, y, strict=True)]
    ax.add_collection(
        PatchCollection(outlines, facecolor=EMPTY, edgecolor=BORDER, linewidth=0.5, zorder=1)
    )
    full = np.max(list(placement.utilisation().values()), axis=0)
    share = _shares(placement)
    bottom = (y + width)[: len(full)]
    for k, (name, members) in enumerate(share.items()):
        height = members * np.minimum(full, 1) * width
        filled = style(k)
        bottom = bottom - height
        bars = zip(x, bottom, height, strict=False)
        drawn = [Rectangle((left, top), width, tall) for left, top, tall in bars if tall > 0]
        ax.add_collection(PatchCollection(drawn, zorder=2, **filled))
        ax.add_patch(Rectangle((0, 0), 0, 0, label=name, **filled))


def _shares(placement: Placement) -> dict[str, Float64Array]:
    """Of the neurons of every core, the share of each population."""
    neurons = placement.used["neurons"]
    return {
        name: np.bincount(core, minlength=len(neurons)) / np.maximum(neurons, 1)
        for name, core in placement.core.items()
    }


def _lines(
    ax: "Axes",
    placement: Placement,
    x: Float64Array,
    y: Float64Array,
) -> None:
    from matplotlib.collections import LineCollection

    both: Int64Array = np.triu(placement.sent + placement.sent.T, 1)
    order = np.argsort(-both, axis=None, kind="stable")[:STRONGEST]
    a, b = np.unravel_index(order, both.shape)
    a, b = a[both[a, b] > 0], b[both[a, b] > 0]
    if not len(a):
        return
    spikes = both[a, b]
    ends = np.stack([np.stack([x[a], y[a]], -1), np.stack([x[b], y[b]], -1)], 1)
    label = f"spikes of {len(a)} pairs,\nup to {spikes.max()}"
    ax.add_collection(
        LineCollection(
            list(ends),
            linewidths=WIDEST * spikes / spikes.max(),
            colors=SPIKES,
            alpha=0.45,
            capstyle="round",
            zorder=3,
            label=label,
        )
    )


def _title(placement: Placement) -> str:
    chip, crossing = placement.limits.chip, placement.cross_core_spikes
    used = f"{chip}: {placement.cores_used} of {placement.limits.cores} cores"
    spikes = "no spike leaves its core"
    if crossing:
        share = crossing / placement.random_spikes
        spikes = f"{crossing} spikes between cores, {share:.0%} of a random placement's"
    meaning = "a core is filled as far as its fullest limit; unused routers are left out"
    return f"{used}; {spikes}" + ("" if placement.cores_used == 1 else f"\n({meaning})")
