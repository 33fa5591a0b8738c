"""The figure of a phase diagram."""

from typing import TYPE_CHECKING, Any

import numpy as np

from axonal._base import colours
from axonal._base.array_types import Float64Array, Int64Array
from axonal.hebbian.phase._legend import seen

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


# Dashes tell lines apart where colours do not.
LINES: dict[str, tuple[str, str, Any]] = {
    "T_g": ("$T_g$: paramagnet freezes below", colours.GREEN, "-"),
    "T_M": ("$T_M$: retrieval exists below", colours.VERMILION, "-"),
    "T_c": ("$T_c$: retrieval is the ground state below", colours.PURPLE, (0, (5, 1.5))),
    "T_AT": ("$T_{AT}$: replica symmetry breaks below", colours.SKY, (0, (1.5, 1))),
    "T_crit": ("$T = 1$: nothing is retrieved above", colours.GREEN, "-"),
    "T_pure": ("one pattern alone is stable above", colours.VERMILION, (0, (5, 1.5))),
}
LOADS = {
    "alpha": r"load $\alpha = K / N$",
    "gamma": r"load $\gamma = (P - 1)!\, K / N^{P - 1}$",
    "dilution": r"dilution $d$",
}
PHASES = ("paramagnet", "spin glass", "retrieval, metastable", "retrieval")
REGIMES = ("paramagnet", "pure", "hierarchical", "parallel", "partial")
COLOURS = "cividis"
SMALLEST_LABEL = 0.03
"""Share of the grid from which a phase gets its name written into it."""


def plot_phase_diagram(diagram: "xr.Dataset", ax: "Axes") -> "Axes":
    """Lines of the theory over Monte Carlo cells, or over its own states if there are none.

    The colour of a cell is the overlap of the runs that kept the memory, its area the fraction of
    runs that did: an empty place is one where all were lost (or, before the end, a missing cell).
    For the multitasking network the colour is the second overlap over the first, from 0 where one
    pattern is retrieved to 1 where all share alike, and regimes of the theory are outlined.

    Args:
        diagram: of :func:`phase_diagram` or :func:`load_phase_diagram`.
        ax: where to draw.

    Returns:
        ``ax``, with a colour bar beside it and a legend of the lines that pass through it.

    >>> from axonal.hebbian import Hopfield, phase_diagram
    >>> from matplotlib.figure import Figure
    >>> diagram = phase_diagram(Hopfield(), alpha=[0.05, 0.1], T=[0.1, 0.3])
    >>> plot_phase_diagram(diagram, Figure().subplots()).get_ylabel()
    'temperature $T$'
    """
    load_name = str(diagram.m.dims[0])
    load, T = (diagram[name].values for name in (load_name, "T"))
    multitasking = load_name == "dilution"
    colour, kept, label = (_shares if multitasking else _overlaps)(diagram)
    drawn = _cells(ax, load, T, colour, kept)
    ax.figure.colorbar(drawn, ax=ax, label=label, pad=0.02)
    if multitasking:
        _outline(ax, diagram)
    _name_phases(ax, load, T, diagram.phase.values, REGIMES if multitasking else PHASES)
    for name, style in LINES.items():
        turning = name.replace("T_", "load_")
        if turning in diagram:
            _line(ax, diagram[turning].values, diagram.line_T.values, *style)
        elif name in diagram:
            _line(ax, diagram.line.values, diagram[name].values, *style)
    ends = (_edges(load), _edges(T))
    ax.set(
        xlabel=LOADS[load_name],
        ylabel="temperature $T$",
        xlim=(max(ends[0][0], 0.0), ends[0][-1]),
        ylim=(max(ends[1][0], 0.0), ends[1][-1]),
    )
    if handles := seen(ax):
        ax.legend(handles=handles, loc="upper right", fontsize="small", framealpha=0.9)
    return ax


def _overlaps(diagram: "xr.Dataset") -> tuple[Float64Array, Float64Array, str]:
    """Colour and area of cells, and what the colour is."""
    if "overlap" not in diagram:
        m = diagram.m.values
        return m, np.isfinite(m).astype(float), "overlap $m$, theory"
    label = "overlap $m$ of the runs that kept the memory (area: their share)"
    return diagram.overlap.values, diagram.survival.fillna(0.0).values, label


def _shares(diagram: "xr.Dataset") -> tuple[Float64Array, Float64Array, str]:
    if "acceptance" not in diagram:
        m, source = diagram.m.values, "theory"
    else:
        count = diagram.sizes["pattern"]
        names = [f"overlap_{k + 1}" for k in range(count)]
        m, source = np.stack([diagram[name].values for name in names], -1), "Monte Carlo"
    # In the paramagnet both are fluctuations, whose ratio says nothing.
    retrieved = (diagram.phase.values > 0) & np.isfinite(m[..., 0])
    second = m[..., min(1, m.shape[-1] - 1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(retrieved, second / m[..., 0], np.nan)
    return ratio, retrieved.astype(float), f"$m_2 / m_1$, {source}"


def _edges(axis: Float64Array) -> Float64Array:
    """Borders between cells, halfway between their values."""
    if len(axis) == 1:
        width = 0.5 * axis[0] or 0.5
        return np.array([axis[0] - width, axis[0] + width])
    inner = (axis[1:] + axis[:-1]) / 2
    return np.concatenate([[2 * axis[0] - inner[0]], inner, [2 * axis[-1] - inner[-1]]])


def _cells(
    ax: "Axes", load: Float64Array, T: Float64Array, colour: Float64Array, kept: Float64Array
) -> Any:
    """Rectangles [L, T] with a colour, and an area between nothing and the whole cell."""
    from matplotlib.collections import PolyCollection

    x, y = np.meshgrid(load, T, indexing="ij")
    width, height = np.meshgrid(np.diff(_edges(load)), np.diff(_edges(T)), indexing="ij")
    show = (kept > 0) & np.isfinite(colour)
    half = np.sqrt(kept[show]) / 2
    dx, dy = half * width[show], half * height[show]
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    corners = np.stack([x[show], y[show]], -1)[:, None] + signs * np.stack([dx, dy], -1)[:, None]
    cells = PolyCollection(corners, array=colour[show], cmap=COLOURS, clim=(0, 1), linewidths=0)
    return ax.add_collection(cells, autolim=False)


def _line(ax: "Axes", x: Float64Array, y: Float64Array, text: str, shade: str, dashes: Any) -> None:
    from matplotlib import patheffects

    # A pale rim keeps lines apart from dark cells and dark lines from one another.
    rim = [patheffects.Stroke(linewidth=4, foreground="white"), patheffects.Normal()]
    ax.plot(x, y, color=shade, linestyle=dashes, linewidth=2, label=text, path_effects=rim)


def _outline(ax: "Axes", diagram: "xr.Dataset") -> None:
    """Borders of regimes, from edge to edge of the grid, through where the regime changes there."""
    from matplotlib.collections import LineCollection

    load, T, phase = (diagram[name].values for name in (str(diagram.m.dims[0]), "T", "phase"))
    if min(phase.shape) < 2:
        return
    # A diagram that was written without them knows which edges regimes change on, not where.
    halfway = np.broadcast_to((load[1:] + load[:-1])[:, None] / 2, (len(load) - 1, len(T)))
    on_load = diagram.border_load.values if "border_load" in diagram else halfway
    halfway = np.broadcast_to((T[1:] + T[:-1]) / 2, (len(load), len(T) - 1))
    on_T = diagram.border_T.values if "border_T" in diagram else halfway
    segments = []
    for i, j in np.ndindex(len(load) - 1, len(T) - 1):
        ring = [
            (phase[i, j] != phase[i + 1, j], (on_load[i, j], T[j])),
            (phase[i + 1, j] != phase[i + 1, j + 1], (load[i + 1], on_T[i + 1, j])),
            (phase[i, j + 1] != phase[i + 1, j + 1], (on_load[i, j + 1], T[j + 1])),
            (phase[i, j] != phase[i, j + 1], (load[i], on_T[i, j])),
        ]
        points = [point for crossed, point in ring if crossed]
        if len(points) == 2:
            segments.append(points)
        elif points:
            # Three regimes or more meet inside.
            middle = tuple(np.mean(points, axis=0))
            segments += [[point, middle] for point in points]
    ax.add_collection(
        LineCollection(segments, colors="white", linewidths=1.5, capstyle="round"), autolim=False
    )


def _name_phases(
    ax: "Axes", load: Float64Array, T: Float64Array, phase: Int64Array, names: tuple[str, ...]
) -> None:
    """Names of phases where there is room."""
    from scipy.ndimage import distance_transform_edt

    for k, name in enumerate(names):
        inside = phase == k
        if inside.mean() >= SMALLEST_LABEL:
            # In the cell that is furthest from every border, the middle one of several.
            depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
            furthest = np.argwhere(depth >= depth.max() - 1e-9)
            i, j = furthest[len(furthest) // 2]
            box = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 2}
            at: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": "small", "bbox": box}
            ax.text(float(load[i]), float(T[j]), name, **at)
