"""The commands about chips: place, energy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axonal.cli._graph_files import CHIPS, Graph, Timeout, load, writable
from axonal.cli._terminal import Json, UserError, print_json, users_own

if TYPE_CHECKING:
    from axonal.deploy import EventGraph

FIGURES = (".png", ".pdf", ".svg")
Chip = Annotated[
    str | None,
    typer.Option(
        help=f"{' or '.join(CHIPS)}.", show_default="that of a quantised graph, else loihi2"
    ),
]
Figure = Annotated[Path | None, typer.Option(help="Draw a figure here (.png, .pdf or .svg).")]
Seed = Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Decides everything that is random.")]


def place(
    graph: Graph,
    chip: Chip = None,
    seed: Seed = 0,
    figure: Figure = None,
    as_json: Json = False,
) -> None:
    """Place neurons on the cores of a chip, with few spikes between cores."""
    _drawable(figure)
    loaded = load(graph)
    from axonal.cli import _chip_figures as _chips

    with users_own(ValueError, OSError):
        placed = _chips.place(loaded, _own(loaded, chip), seed, figure)
    print_json(placed.to_json()) if as_json else typer.echo(str(placed))


def energy(
    graph: Graph,
    chip: Chip = None,
    sanafe: Annotated[bool, typer.Option(help="Run SANA-FE's model of Loihi beside it.")] = True,
    figure: Figure = None,
    timeout: Timeout = 600.0,
    as_json: Json = False,
) -> None:
    """Estimate the energy of the golden run on a chip, from published constants."""
    _drawable(figure)
    loaded = load(graph)
    from axonal import deploy
    from axonal.cli import _chip_figures as _chips

    with users_own(ValueError, OSError, deploy.BackendError):
        found = _chips.energy(loaded, _own(loaded, chip), sanafe, timeout, figure)
    print_json(found.to_json()) if as_json else typer.echo(str(found))


def _drawable(figure: Path | None) -> None:
    """Refuse at once a figure that could not be drawn after the work."""
    if figure is not None and figure.suffix.lower() not in FIGURES and not figure.is_dir():
        raise UserError(f"--figure takes {', '.join(FIGURES[:-1])} or {FIGURES[-1]}, got {figure}.")
    writable(figure)


def _own(graph: "EventGraph", chip: str | None) -> str:
    """The chip that is asked for, or that the graph is for."""
    return chip or {"float64": "loihi2"}.get(graph.arithmetic, graph.arithmetic)
