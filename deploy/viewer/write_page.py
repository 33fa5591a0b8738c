"""One self-contained page of a graph, for a browser."""

import base64
import html
import io
from os import PathLike
from typing import Any

from axonal._base.extras import extra
from axonal._base.files import check_target, write_text
from axonal.deploy.graph import EventGraph
from axonal.deploy.placement import place, plot_floor_plan
from axonal.deploy.running.divergence import Divergence
from axonal.deploy.running.verify import verify
from axonal.deploy.viewer.golden_run import draw_golden_run
from axonal.deploy.viewer.network import draw_network
from axonal.deploy.viewer.synapses import draw_synapses


def write_page(
    graph: EventGraph,
    path: str | PathLike[str],
    *,
    title: str = "event graph",
    backends: tuple[str, ...] = (),
    chip: str | None = None,
) -> None:
    """Write a graph as one page that opens in a browser and asks for nothing beside itself.

    It has the populations and projections as a network, counts of delays and weights over all
    synapses, every event of the golden run in rasters that can be zoomed together, the readouts,
    and on demand where a back end first differs and the floor plan of a chip. Synapses are
    counted, not drawn one by one; events are all there.

    Args:
        graph: the graph.
        path: file to write, customarily ``*.html``; it is complete or not there at all.
        title: of the page.
        backends: names of back ends to verify, whose first difference is marked.
        chip: name of a chip whose floor plan is drawn.

    Raises:
        ImportError: Bokeh is not installed (extra ``show``).
        OSError: the file cannot be written.
        BackendError: a back end is unknown or not installed.
        PlacementError: the graph does not fit the chip.

    >>> from axonal.deploy import example
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_page(example(), pathlib.Path(folder) / "page.html", title="digits")
    ...     "digits" in (pathlib.Path(folder) / "page.html").read_text()
    True
    """
    check_target(path)
    extra("bokeh", "show", "pages of graphs")
    from bokeh.embed import file_html
    from bokeh.layouts import column, row
    from bokeh.models import Div
    from bokeh.resources import INLINE

    found = verify(graph, backends) if backends else None
    divergences: tuple[Divergence, ...] = () if found is None else found.divergences
    parts: list[Any] = [Div(text=_head(graph, title), sizing_mode="stretch_width")]
    if found is not None:
        lines = [*found.failures, *map(str, divergences)] or [f"equal on {', '.join(backends)}"]
        parts.append(_words("Verification", "<br>".join(map(html.escape, lines))))
    parts.append(draw_network(graph))
    rasters = draw_golden_run(graph, divergences)
    if rasters:
        told = "All samples one behind the other; zoom one figure and all follow."
        parts += [_words("Golden run", told), *rasters]
    else:
        parts.append(_words("Golden run", "The graph has none."))
    if chip is not None:
        parts.append(_words(f"Floor plan on {html.escape(chip)}", _floor_plan(graph, chip)))
    told = "Counts of all synapses of each projection; none is left out."
    parts.append(_words("Delays and weights", told))
    parts += [row(*pair, sizing_mode="stretch_width") for pair in draw_synapses(graph)]
    page = column(*parts, sizing_mode="stretch_width", margin=(8, 16, 8, 16))
    write_text(path, file_html(page, INLINE, title))


def _words(title: str, content: str) -> Any:
    from bokeh.models import Div

    text = f"<h2>{title}</h2><p>{content}</p>"
    return Div(text=text, sizing_mode="stretch_width")


def _head(graph: EventGraph, title: str) -> str:
    size = sum(p.size for p in graph.populations)
    synapses = sum(p.size for p in graph.projections)
    facts = {
        "populations": len(graph.populations),
        "neurons": size,
        "synapses": synapses,
        "longest delay": f"{graph.max_delay} steps",
        "step": f"{graph.dt:g} s",
        "arithmetic": graph.arithmetic,
        "readout": graph.readout or "none",
        **{k: v for k, v in graph.info.items() if isinstance(v, str | int | float)},
    }
    rows = "".join(
        f"<tr><td>{html.escape(str(k))}</td><td>{html.escape(str(v))}</td></tr>"
        for k, v in facts.items()
    )
    return f"<h1>{html.escape(title)}</h1><table>{rows}</table>"


def _floor_plan(graph: EventGraph, chip: str) -> str:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    plot_floor_plan(place(graph, chip), figure.subplots())
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=130)
    picture = base64.b64encode(content.getvalue()).decode("ascii")
    return f'<img alt="floor plan" style="max-width:100%" src="data:image/png;base64,{picture}">'
