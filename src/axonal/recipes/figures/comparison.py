"""The figure of a comparison: every network of every arm."""

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axonal._base.colours import BLUE
from axonal.recipes.figures import GREY


def draw(accuracies: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Test accuracies, one panel per table and one row per arm.

    Args:
        accuracies: of each table and arm by their words, one value per seed.
    """
    figure = Figure(figsize=(4.2 * len(accuracies) + 2.4, 3.4), layout="constrained")
    axes = figure.subplots(1, len(accuracies), sharey=True, squeeze=False)[0]
    for ax, (words, arms) in zip(axes, accuracies.items(), strict=True):
        dots(ax, arms).set_title(words, fontsize=10)
    axes[0].invert_yaxis()  # the first arm above, as in the table
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def dots(ax: Axes, arms: Mapping[str, Sequence[float]]) -> Axes:
    """One row per arm, one dot per seed, a line at their mean.

    Args:
        ax: where to draw.
        arms: test accuracies by the words that name their arm.

    Returns:
        ``ax``.
    """
    places = range(len(arms))
    for place, values in zip(places, arms.values(), strict=True):
        ax.scatter(values, [place] * len(values), s=26, alpha=0.6, color=BLUE, label="a seed")
    means = [statistics.fmean(values) for values in arms.values()]
    ax.scatter(means, places, s=160, marker="|", color="black", linewidths=2, label="mean")
    # one entry of the legend for all arms
    for drawn in ax.collections[1:-1]:
        drawn.set_label("_")
    ax.set_yticks(places, labels=arms)
    ax.set_xlabel("test accuracy (share of samples)")
    ax.grid(axis="x", color=GREY, alpha=0.25)
    return ax
