"""The figure of the experiment ``zero_shot``: retrieval over the faults of crossbars."""

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axonal._base.colours import BLUE, VERMILION
from axonal.recipes.figures import GREY

NAMES = {
    "spread": "programming: spread of ln G",
    "read_noise": "read noise (share of G)",
    "stuck": "stuck devices (share)",
    "wire_resistance": "wire resistance (Ω per segment)",
}
Curve = Mapping[float, Sequence[float]]
"""Accuracies over pairs and seeds, for each size of a fault."""


def draw(unseen: Mapping[str, Curve], seen: Mapping[str, Curve]) -> Figure:
    """Retrieval over each fault, with the standard deviation over pairs and seeds.

    Args:
        unseen: accuracies for classes that were held out, by fault.
        seen: accuracies for the classes that were trained on.
    """
    figure = Figure(figsize=(3.0 * len(unseen), 3.1), layout="constrained")
    axes = figure.subplots(1, len(unseen), sharey=True, squeeze=False)[0]
    for ax, fault in zip(axes, unseen, strict=True):
        curve(ax, seen[fault], BLUE, "s", "seen classes, 8-way")
        curve(ax, unseen[fault], VERMILION, "o", "unseen classes, 2-way")
        ax.axhline(0.5, color=VERMILION, linewidth=0.9, linestyle="--", label="chance, 2-way")
        ax.axhline(0.125, color=BLUE, linewidth=0.9, linestyle="--", label="chance, 8-way")
        ax.set_xlabel(NAMES[fault])
        ax.set_ylim(0, 1)
        ax.grid(color=GREY, alpha=0.2)
    axes[0].set_ylabel("retrieval (share of queries)")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def curve(ax: Axes, found: Curve, colour: str, marker: str, label: str) -> Axes:
    """Mean and standard deviation of accuracies over the size of a fault, at even distances.

    Args:
        ax: where to draw.
        found: accuracies for each size, in order.
        colour: of the line.
        marker: of the points.
        label: in the legend.

    Returns:
        ``ax``.
    """
    places = range(len(found))
    ax.errorbar(
        places,
        [statistics.fmean(few) for few in found.values()],
        [statistics.stdev(few) for few in found.values()],
        color=colour,
        marker=marker,
        capsize=3,
        label=label,
    )
    ax.set_xticks(list(places), [f"{size:g}" for size in found])
    return ax
