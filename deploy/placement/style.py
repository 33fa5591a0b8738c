"""Colours of populations in the figures of a placement."""

from typing import Any

# Okabe and Ito's colours, told apart with every kind of colour vision, and hatches of their own.
COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#0072B2")
HATCHES = ("", "///", "...", "xxx", "\\\\\\")
BORDER = "#999999"


def style(k: int) -> dict[str, Any]:
    """How population k is filled: colours first, then hatches.

    >>> style(0)["facecolor"] != style(1)["facecolor"]
    True
    """
    return {
        "facecolor": COLOURS[k % len(COLOURS)],
        "hatch": HATCHES[k // len(COLOURS) % len(HATCHES)],
        "edgecolor": BORDER,
        "linewidth": 0.3,
    }
