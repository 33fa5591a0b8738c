"""Files of graphs: read, and checked before they are written; what commands on graphs share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import axonal
from axonal._base.files import check_target
from axonal.cli._shipped import OR_SHIPPED, ships
from axonal.cli._terminal import users_own

if TYPE_CHECKING:
    from axonal.deploy import EventGraph

NIR = ".nir"
CHIPS = sorted(p.stem for p in Path(axonal.__file__).parent.glob("deploy/chips/[!_]*.py"))
"""Names of the chips, by their files: importing them would import torch for a help text."""

Graph = Annotated[
    Path,
    typer.Argument(help=f"File that `axonal export` wrote, or a .nir; {OR_SHIPPED}"),
]
Timeout = Annotated[float, typer.Option(min=0.0, help="Seconds that a simulator may take.")]


def load(file: Path) -> "EventGraph":
    """Read a graph, a NIR file or a network that ships; one line where that fails."""
    from axonal import deploy, recipes

    with users_own(ValueError, OSError, ImportError):
        if ships(file):
            run = recipes.trained(str(file))
            # one has its graph beside it, so that no data are needed; others export what they know
            kept = deploy.example()
            return kept if kept.info["recipe"] == run.name else recipes.export_run(run)
        if file.suffix == NIR:
            return deploy.from_nir(file)
        return deploy.EventGraph.load(file)


def writable(*files: Path | None) -> None:
    """Refuse at once what could not be written after the work."""
    with users_own(OSError):
        for file in files:
            if file is not None:
                check_target(file)


def description(graph: "EventGraph") -> dict[str, Any]:
    """Sizes of a graph, as JSON can hold them."""
    return {
        "populations": {p.name: p.size for p in graph.populations},
        "synapses": sum(p.size for p in graph.projections),
        "max_delay": graph.max_delay,
        "dt": graph.dt,
        "readout": graph.readout,
        "info": graph.info,
    }
