"""The command that draws a graph as a page: show."""

from pathlib import Path
from typing import Annotated

import typer

from axonal.cli._graph_files import CHIPS, load, writable
from axonal.cli._shipped import OR_SHIPPED
from axonal.cli._terminal import Json, UserError, print_json, users_own


def show(
    graph: Annotated[
        Path,
        typer.Argument(
            help=f"File that `axonal export` wrote, a .nir, or a run folder; {OR_SHIPPED}"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Page to write.", show_default="its name and .html, here")
    ] = None,
    backend: Annotated[
        list[str] | None,
        typer.Option(help="Verify on it, and mark where it first differs; can be repeated."),
    ] = None,
    chip: Annotated[
        str | None, typer.Option(help=f"Draw the floor plan on it: {' or '.join(CHIPS)}.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw a graph as one page for a browser: network, delays, weights, golden run.

    The page holds all that it shows and asks for nothing beside itself.
    """
    if chip is not None and chip not in CHIPS:
        raise UserError(f"--chip takes {' or '.join(CHIPS)}, got {chip}.")
    page = Path(f"{graph.stem}.html") if out is None else out
    writable(page)
    from axonal import deploy, recipes

    with users_own(ValueError, OSError, ImportError, deploy.BackendError):
        made = recipes.export_run(graph) if graph.is_dir() else load(graph)
        deploy.write_page(made, page, title=graph.stem, backends=tuple(backend or ()), chip=chip)
    if as_json:
        print_json({"page": str(page), "bytes": page.stat().st_size})
        return
    typer.echo(f"written to {page}")
