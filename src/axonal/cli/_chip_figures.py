"""Placement and energy with their figures in files."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from axonal import deploy
from axonal._base.files import whole_file


def place(graph: deploy.EventGraph, chip: str, seed: int, figure: Path | None) -> deploy.Placement:
    """Place a graph and draw its floor plan, if there is a file for it."""
    placed = deploy.place(graph, chip, seed=seed)
    _draw(lambda ax: deploy.plot_floor_plan(placed, ax), (9.0, 4.6), figure)
    return placed


def energy(
    graph: deploy.EventGraph, chip: str, sanafe: bool, timeout: float, figure: Path | None
) -> deploy.EnergyEstimate:
    """Estimate the energy of a graph and draw it, if there is a file for it."""
    found = deploy.energy(graph, chip, sanafe=sanafe, timeout=timeout)
    _draw(lambda ax: deploy.plot_energy(found, ax), (7.0, 3.6), figure)
    return found


def _draw(plot: Callable[[Axes], Axes], size: tuple[float, float], file: Path | None) -> None:
    if file is None:
        return
    drawn = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(drawn)
    plot(drawn.subplots())
    with whole_file(file) as part:
        drawn.savefig(part, dpi=200)
