"""The populations of a graph as boxes, its projections as lines between them."""

from typing import Any

import numpy as np

from axonal._base.array_types import Float64Array
from axonal._base.colours import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from axonal.deploy.graph import EventGraph, Population, Projection

COLOURS = (SKY, ORANGE, GREEN, PURPLE, VERMILION, BLUE)
WIDTH, HEIGHT = 0.62, 0.5
"""Of a box, where columns and rows are 1 apart."""
BEND = np.linspace(0, 1, 24)


def kind_colours(graph: EventGraph) -> dict[str, str]:
    """Return the colour of every kind of population, in the order in which they appear."""
    kinds = dict.fromkeys(p.kind for p in graph.populations)
    return {kind: COLOURS[k % len(COLOURS)] for k, kind in enumerate(kinds)}


def draw_network(graph: EventGraph) -> Any:
    """Return the figure: a column per step from the inputs, loops below their boxes."""
    from bokeh.models import HoverTool
    from bokeh.plotting import figure

    place, colours = places(graph), kind_colours(graph)
    centres = {
        "x": [place[p.name][0] for p in graph.populations],
        "y": [-place[p.name][1] for p in graph.populations],
    }
    plot = figure(
        title="Populations and projections (point at one for its numbers)",
        height=140 + 90 * (1 + max((row for _, row in place.values()), default=0)),
        sizing_mode="stretch_width", tools="pan,wheel_zoom,box_zoom,reset,save",
    )  # fmt: skip
    plot.grid.visible = plot.axis.visible = False
    lines = [curve(place[p.source], place[p.target]) for p in graph.projections]
    wires = plot.multi_line(
        "x", "y", line_width="width", line_color=BLACK, line_alpha=0.45, hover_line_alpha=1.0,
        source={
            "x": [x for x, _ in lines],
            "y": [y for _, y in lines],
            "width": [1 + np.log10(max(p.size, 1)) for p in graph.projections],
            "told": [told_of_projection(p) for p in graph.projections],
        },
    )  # fmt: skip
    boxes = plot.rect(
        "x", "y", WIDTH, HEIGHT, fill_color="colour", line_color=BLACK, fill_alpha=0.9,
        legend_group="kind", border_radius=6,
        source={
            **centres,
            "colour": [colours[p.kind] for p in graph.populations],
            "kind": [p.kind for p in graph.populations],
            "told": [told_of_population(graph, p) for p in graph.populations],
        },
    )  # fmt: skip
    plot.text(
        "x", "y", text="words", text_align="center", text_baseline="middle",
        text_font_size="11px",
        source={
            **centres,
            "words": [f"{p.name}\n{'x'.join(map(str, p.shape))}" for p in graph.populations],
        },
    )  # fmt: skip
    plot.add_tools(
        HoverTool(renderers=[boxes], tooltips="@told"),
        HoverTool(renderers=[wires], tooltips="@told", line_policy="interp"),
    )
    plot.add_layout(plot.legend[0], "right")
    return plot


def places(graph: EventGraph) -> dict[str, tuple[int, int]]:
    """Return column and row of every population: columns are the longest way from a source.

    >>> from axonal.deploy import example
    >>> sorted(places(example()).values())[0]
    (0, 0)
    """
    before: dict[str, set[str]] = {p.name: set() for p in graph.populations}
    for p in graph.projections:
        before[p.target].add(p.source)
    column: dict[str, int] = {}
    for name in reached(graph):
        column[name] = 1 + max((column[s] for s in before[name] if s in column), default=-1)
    rows: dict[int, int] = {}
    found = {}
    for name, at in column.items():
        found[name] = (at, rows.get(at, 0))
        rows[at] = rows.get(at, 0) + 1
    return found


def reached(graph: EventGraph) -> list[str]:
    """Return names in the order of signals: each behind all that it hears, loops left open."""
    heard: dict[str, set[str]] = {p.name: set() for p in graph.populations}
    for p in graph.projections:
        heard[p.target] |= {p.source} - {p.target}
    order: list[str] = []
    while heard:
        done = set(order)
        ready = [name for name, sources in heard.items() if sources <= done]
        for name in ready or [next(iter(heard))]:
            order.append(name)
            del heard[name]
    return order


def curve(start: tuple[int, int], end: tuple[int, int]) -> tuple[Float64Array, Float64Array]:
    """Return points of a line from the right side of a box to the left side of another.

    >>> x, y = curve((0, 0), (1, 0))
    >>> float(x[0]), float(x[-1])
    (0.31, 0.69)
    """
    (a, up), (b, down) = start, end
    forward = b > a
    x0, x3 = a + WIDTH / 2, b - WIDTH / 2
    y0, y3 = -float(up), -float(down)
    if forward:
        x1 = x2 = (x0 + x3) / 2
        y1, y2 = y0, y3
    else:  # back to itself or to an earlier column, below both
        low = min(y0, y3) - 1.1
        x1, x2, y1, y2 = x0 + 0.5, x3 - 0.5, low, low
    s = BEND
    weights = ((1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s**2 * (1 - s), s**3)
    x = sum(w * at for w, at in zip(weights, (x0, x1, x2, x3), strict=True))
    y = sum(w * at for w, at in zip(weights, (y0, y1, y2, y3), strict=True))
    return np.asarray(x), np.asarray(y)


def told_of_population(graph: EventGraph, p: Population) -> str:
    """Return the numbers of a population in one line."""
    words = [f"{p.name}: {p.kind}, {p.size} neurons"]
    if p.kind not in ("input", "constant") and p.reset:
        words.append(f"reset {p.reset}")
    if p.refractory:
        words.append(f"refractory for {p.refractory} steps")
    golden = graph.golden
    if golden is not None and p.name in golden.spikes:
        raster = golden.spikes[p.name]
        words.append(f"{int(raster.sum())} golden spikes, {raster.mean():.3g} per neuron and step")
    return ", ".join(words)


def told_of_projection(p: Projection) -> str:
    """Return the numbers of a projection in one line."""
    if not p.size:
        return f"{p.source} to {p.target}: no synapses"
    return (
        f"{p.source} to {p.target}: {p.size} synapses, delays {p.delay.min()} to {p.delay.max()} "
        f"steps, weights {p.weight.min():.3g} to {p.weight.max():.3g}"
    )
