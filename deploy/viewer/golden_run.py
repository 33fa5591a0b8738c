"""The golden run of a graph: every event of every population, and readouts, on one axis of time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray
from axonal._base.colours import BLACK, CYCLE, VERMILION
from axonal.deploy.graph import EventGraph, Golden
from axonal.deploy.running.divergence import Divergence

GAP = 2
"""Steps between two samples, which are drawn behind each other."""
SHORTEST, TALLEST = 110, 420
"""Height of a figure in pixels."""
WORDS = """
const sample = Math.floor(%s / %d), step = Math.round(%s %% %d);
return "sample " + sample + ", step " + step;
"""


def draw_golden_run(graph: EventGraph, divergences: Sequence[Divergence] = ()) -> list[Any]:
    """Return the figures: counts per step, then inputs, spikes and readouts of each population."""
    golden = graph.golden
    if golden is None:
        return []
    events = {**{name: x != 0 for name, x in golden.inputs.items()}, **golden.spikes}
    order = [name for name in graph.order if name in events]
    counts = _counts(golden, {name: events[name] for name in order})
    plots = [counts]
    for name in order:
        own = [d for d in divergences if d.population == name]
        plots.append(_raster(golden, name, events[name], counts.x_range, own))
    for name, values in golden.readout.items():
        plots.append(_readout(golden, name, values, counts.x_range))
    return plots


def along(golden: Golden, step: AnyArray, sample: AnyArray) -> AnyArray:
    """Return the place of a step of a sample on the axis of time that all samples share."""
    return sample * (golden.steps + GAP) + step


def _words(place: str, golden: Golden) -> str:
    """Return the script that says sample and step of a place."""
    length = golden.steps + GAP
    return WORDS % (place, length, place, length)


def _plot(golden: Golden, title: str, height: int, x_range: Any = None) -> Any:
    from bokeh.models import BoxAnnotation, CustomJSTickFormatter
    from bokeh.plotting import figure

    length = golden.steps + GAP
    more = {} if x_range is None else {"x_range": x_range}
    plot = figure(
        title=title, height=height, sizing_mode="stretch_width", output_backend="webgl",
        tools="xpan,xwheel_zoom,box_zoom,reset,save", active_scroll="xwheel_zoom", **more,
    )  # fmt: skip
    for sample in range(golden.samples):
        left = sample * length - 0.5
        plot.add_layout(
            BoxAnnotation(left=left, right=left + golden.steps, fill_alpha=0.06, fill_color=BLACK)
        )
    plot.xaxis.formatter = CustomJSTickFormatter(code=_words("tick", golden))
    plot.xgrid.visible = False
    return plot


def _counts(golden: Golden, events: dict[str, AnyArray]) -> Any:
    plot = _plot(golden, "Events per step (click a name to hide it)", 200)
    steps, samples = np.meshgrid(np.arange(golden.steps), np.arange(golden.samples))
    x = along(golden, steps, samples)
    # a break between two samples, so that no line joins them
    x = np.concatenate([x, x[:, -1:] + 1], axis=1).ravel().astype(np.int32)
    for k, (name, raster) in enumerate(events.items()):
        count = raster.sum(-1).T.astype(np.float32)  # [B, T]
        count = np.concatenate([count, np.full((len(count), 1), np.nan, np.float32)], axis=1)
        plot.step(x, count.ravel(), mode="center", color=CYCLE[k % len(CYCLE)], legend_label=name)
    plot.legend.click_policy = "hide"
    plot.add_layout(plot.legend[0], "right")
    return plot


def _raster(
    golden: Golden, name: str, raster: AnyArray, x_range: Any, divergences: Sequence[Divergence]
) -> Any:
    from bokeh.models import CustomJSHover, HoverTool

    step, sample, neuron = np.nonzero(raster)
    size = raster.shape[-1]
    height = int(np.clip(60 + 3 * size, SHORTEST, TALLEST))
    plot = _plot(golden, f"{name}: all {len(step)} events", height, x_range)
    dots = plot.scatter(
        x=along(golden, step, sample).astype(np.int32), y=neuron.astype(np.int32),
        marker="dash", angle=np.pi / 2, size=float(np.clip(3 * height / size, 2, 6)),
        color=BLACK, alpha=0.8,
    )  # fmt: skip
    words = CustomJSHover(code=_words("special_vars.data_x", golden))
    plot.add_tools(
        HoverTool(
            renderers=[dots],
            tooltips=[("neuron", "@y"), ("at", "@x{custom}")],
            formatters={"@x": words},
        )
    )
    for found in divergences:
        plot.scatter(
            x=[int(along(golden, np.array(found.step), np.array(found.sample)))],
            y=[found.neuron], marker="circle", size=16, fill_alpha=0, line_width=2.5,
            line_color=VERMILION, legend_label=f"first difference of {found.backend}",
        )  # fmt: skip
    plot.y_range.start, plot.y_range.end = -1, size
    plot.yaxis.axis_label = "neuron"
    return plot


def _readout(golden: Golden, name: str, values: AnyArray, x_range: Any) -> Any:
    from bokeh.models import ColorBar, LinearColorMapper

    size, length = values.shape[-1], golden.steps + GAP
    plot = _plot(golden, f"{name}: readout", SHORTEST + min(4 * size, 200), x_range)
    high = float(np.abs(values).max()) or 1.0
    colours = LinearColorMapper(palette="RdBu11", low=-high, high=high)
    for sample in range(golden.samples):
        plot.image(
            image=[values[:, sample].T.astype(np.float32)], x=sample * length - 0.5, y=-0.5,
            dw=golden.steps, dh=size, color_mapper=colours,
        )  # fmt: skip
    plot.add_layout(ColorBar(color_mapper=colours, width=10), "right")
    plot.yaxis.axis_label = "neuron"
    return plot
