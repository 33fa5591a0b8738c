"""Counts of both polarities as one coloured picture."""

from typing import TYPE_CHECKING

import numpy as np

from axonal._base.array_types import AnyArray, Float64Array
from axonal._base.colours import BLACK, BLUE, VERMILION
from axonal.datasets.pictures._style import POLARITIES, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FULL = 0.98
"""Share of the pixels with events whose counts are told apart; the others have the full colour."""


def full_count(counts: AnyArray) -> int:
    """Number of events of one pixel that gets the full colour."""
    seen = counts[counts > 0]
    return max(1, int(np.quantile(seen, FULL))) if seen.size else 1


def mixture(counts: AnyArray, full: int) -> Float64Array:
    """White paper on which every polarity takes away light, ``[height, width, 3]`` from 0 to 1.

    Pixels with both polarities in full are dark, so that neither hides the other.

    Args:
        counts: events ``[polarities, height, width]``.
        full: number of events with the full colour.
    """
    if len(counts) != 2:
        counts = counts.sum(0, keepdims=True)
    inks = [_ink(BLACK)]
    if len(counts) == 2:
        by_number = {number: colour for number, colour, _ in POLARITIES}
        inks = [_ink(by_number[p]) for p in (0, 1)]
    # one event alone is seen, and more are told from it
    level = np.minimum(counts / full, 1.0)
    level = np.where(counts > 0, 0.25 + 0.75 * level, 0.0)
    paper = 1 - np.tensordot(np.moveaxis(level, 0, -1), np.array(inks), axes=1)
    return np.clip(paper, 0.0, 1.0)


def _ink(colour: str) -> list[float]:
    """Share of red, green and blue that a colour takes away."""
    return [1 - int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def mixture_legend(ax: "Axes", polarities: int, full: int, cell: str = "pixel") -> None:
    """The colours of a mixture beside the picture, and how many events give the full one."""
    names = [(BLUE, POLARITIES[0][2]), (VERMILION, POLARITIES[1][2]), ("#1a1a1a", "both")]
    often = f"full colour: {full} event{'s' if full > 1 else ''}\nor more per {cell}"
    legend(
        ax,
        names if polarities == 2 else [(BLACK, "events")],
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        frameon=False,
        borderaxespad=0.0,
        title=often,
        title_fontsize="small",
        alignment="left",
    )
