"""Colours of populations in the figures of a placement."""

from typing import Any

from axonal._base.colours import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, YELLOW

COLOURS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, VERMILION, BLUE)
HATCHES = ("", "///", "...", "xxx", "\\\\\\")
BORDER = "#999999"


def style(k: int) -> dict[str, Any]:
    """Fill of population k: colours first, then hatches.

    >>> style(0)["facecolor"] != style(1)["facecolor"]
    True
    """
    return {
        "facecolor": COLOURS[k % len(COLOURS)],
        "hatch": HATCHES[k // len(COLOURS) % len(HATCHES)],
        "edgecolor": BORDER,
        "linewidth": 0.3,
    }
