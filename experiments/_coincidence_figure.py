"""The figure of the coincidence experiment."""

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from axonal._base.colours import BLUE, GREEN, VERMILION
from axonal._base.statistics import half_width
from axonal.recipes.figures import GREY

if TYPE_CHECKING:
    from experiments.coincidence import Comparison

STYLES = {"learned": (VERMILION, "o", "-"), "fixed": (BLUE, "s", "--"), "none": (GREEN, "^", ":")}


def draw(compared: Sequence["Comparison"]) -> Figure:
    """Accuracy over hidden neurons, one column per number of classes and one row per membrane."""
    taus = sorted({c.point.tau for c in compared})
    classes = sorted({c.point.classes for c in compared})
    figure = Figure(figsize=(3.1 * len(classes), 2.9 * len(taus)), layout="constrained")
    axes = figure.subplots(len(taus), len(classes), sharex=True, sharey=True, squeeze=False)
    for i, tau in enumerate(taus):
        for k, number in enumerate(classes):
            chosen = [c for c in compared if (c.point.tau, c.point.classes) == (tau, number)]
            sweep(axes[i][k], sorted(chosen, key=lambda c: c.point.hidden), number)
            axes[i][k].set_title(f"{number} classes, tau = {tau:g} steps", fontsize=10)
        axes[i][0].set_ylabel("test accuracy (share of samples)")
    for ax in axes[-1]:
        ax.set_xlabel("hidden neurons (learned arm)")
    hidden = sorted({c.point.hidden for c in compared})
    # shared axes share their ticks
    axes[0][0].xaxis.set_major_locator(FixedLocator([float(h) for h in hidden]))
    axes[0][0].xaxis.set_minor_locator(NullLocator())
    axes[0][0].xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def sweep(ax: Axes, compared: Sequence["Comparison"], classes: int) -> Axes:
    """Accuracy of each arm over the hidden neurons, with 95 % intervals of the mean.

    Args:
        ax: where to draw.
        compared: points that differ in hidden neurons only.
        classes: number of classes, for the line of chance.

    Returns:
        ``ax``.
    """
    for arm, (colour, marker, line) in STYLES.items():
        ax.errorbar(
            [c.point.hidden for c in compared],
            [statistics.fmean(c.test[arm]) for c in compared],
            [half_width(c.test[arm]) for c in compared],
            color=colour,
            marker=marker,
            linestyle=line,
            capsize=3,
            label=f"{arm} delays" if arm != "none" else "no delays",
        )
    ax.axhline(1 / classes, color=GREY, linewidth=0.8, linestyle="-.", label="chance")
    ax.set_xscale("log", base=2)
    ax.set_ylim(0, 1.04)
    return ax
