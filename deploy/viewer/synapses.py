"""Delays and weights of the projections of a graph: counts of all synapses."""

from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray
from axonal._base.colours import BLUE, GREEN
from axonal.deploy.graph import EventGraph

BINS = 60
"""Of weights, and at most of delays."""


def draw_synapses(graph: EventGraph) -> list[list[Any]]:
    """Return a row of two figures per projection that has synapses."""
    return [
        [
            _bars(f"{p.source} to {p.target}: delays of {p.size} synapses", "steps", *steps),
            _bars(f"{p.source} to {p.target}: weights", "weight", *weights, colour=GREEN),
        ]
        for p in graph.projections
        if p.size
        for steps, weights in [(delay_bins(p.delay), np.histogram(p.weight, BINS))]
    ]


def delay_bins(delay: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return counts, and edges between whole numbers.

    >>> delay_bins(np.array([1, 1, 3]))
    (array([2, 0, 1]), array([0.5, 1.5, 2.5, 3.5]))
    """
    first, last = int(delay.min()), int(delay.max())
    width = -(-(last - first + 1) // BINS)
    edges = np.arange(first, last + 1 + width, width) - 0.5
    return np.histogram(delay, edges)[0], edges


def _bars(title: str, label: str, count: AnyArray, edges: AnyArray, colour: str = BLUE) -> Any:
    from bokeh.plotting import figure

    plot = figure(
        title=title, height=220, sizing_mode="stretch_width", tools="pan,wheel_zoom,reset,save",
        tooltips=[(label, "@left to @right"), ("synapses", "@top")],
    )  # fmt: skip
    plot.quad(
        left="left", right="right", top="top", bottom=0, fill_color=colour, line_color=None,
        source={"left": edges[:-1], "right": edges[1:], "top": count},
    )  # fmt: skip
    plot.xaxis.axis_label, plot.yaxis.axis_label = label, "synapses"
    plot.y_range.start = 0
    return plot
