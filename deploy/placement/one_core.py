"""The figure of a placement on a single core: a plan of the chip would show an empty grid."""

from typing import TYPE_CHECKING

import numpy as np

from axonal.deploy.placement.placement import Placement
from axonal.deploy.placement.style import BORDER, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHOLE = "#BBBBBB"
"""Colour of everything that is no population."""


def draw_core(ax: "Axes", placement: Placement) -> None:
    """A bar for each limit, as long as the share that is used; neurons by their populations."""
    core = int(np.argmax(placement.used["neurons"]))
    shares = {name: 100 * float(x[core]) for name, x in placement.utilisation().items()}
    names = list(shares)
    most = placement.limits.neurons_with(_longest(placement))
    left = 0.0
    for k, (name, members) in enumerate(placement.core.items()):
        width = 100 * len(members) / most
        ax.barh([names.index("neurons")], [width], 0.6, left, label=name, **style(k))
        left += width
    for place, name in enumerate(names):
        if name != "neurons":
            ax.barh([place], [shares[name]], 0.6, color=WHOLE, edgecolor=BORDER, linewidth=0.3)
        ax.annotate(
            f"{placement.used[name][core]} = {shares[name]:.2g} %",
            (shares[name], place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    ax.set_yticks(range(len(names)), labels=[name.replace("_", " ") for name in names])
    ax.set(
        xlabel="share of what the core has (%)",
        ylabel="limit of a core",
        # room for the numbers to the right of the longest bar
        xlim=(0, 1.3 * max(shares.values()) or 1.0),
        ylim=(len(names) - 0.5, -0.5),
    )
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _longest(placement: Placement) -> int:
    return max((int(q.delay.max(initial=0)) for q in placement.graph.projections), default=0)
