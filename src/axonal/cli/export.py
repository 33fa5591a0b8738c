"""The commands that make event graphs: export, import, quantize."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axonal.cli._graph_files import CHIPS, NIR, Graph, description, load, writable
from axonal.cli._shipped import OR_SHIPPED, run_folder, ships
from axonal.cli._terminal import Json, UserError, print_json, told, users_own

if TYPE_CHECKING:
    from axonal.deploy import EventGraph


TARGETS = ("graph", *CHIPS, "nir")


def _target(text: str) -> str:
    if text not in TARGETS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, TARGETS))}.")
    return text


class _Reset(StrEnum):
    """Resets of the potential by a spike."""

    zero = "zero"
    subtract = "subtract"


def export(
    run: Annotated[
        Path,
        typer.Argument(help=f"Run folder that `axonal train` left; {OR_SHIPPED}"),
    ],
    target: Annotated[
        str, typer.Option(help="What to make.", parser=_target, metavar=f"<{'|'.join(TARGETS)}>")
    ] = "graph",
    out: Annotated[
        Path | None,
        typer.Option(
            help="File.",
            show_default="RUN/TARGET.h5, RUN/nir.nir; here for what ships",
        ),
    ] = None,
    reset: Annotated[
        _Reset | None,
        typer.Option(help="For nir: subtract, for readers that subtract v_threshold, as sinabs."),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="File of a recipe of your own.", show_default="where the run says it is"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Export a trained network as an event graph with its golden run, or for a chip, or as NIR.

    For spinnaker a PyNN script that runs it on a board and compares is written beside.
    """
    if reset is not None and target != "nir":
        raise UserError("--reset belongs to --target nir.")
    if reset is _Reset.zero:
        raise UserError("--reset takes subtract; without it neurons reset to zero.")
    shipped = ships(run)
    file = run if shipped else run / target
    goal = file.with_suffix(NIR if target == "nir" else ".h5") if out is None else out
    _check_goal(goal, target, asked=out is not None)
    from axonal import deploy, recipes

    with users_own(ValueError, OSError), told():
        graph = recipes.export_run(run_folder(run), recipe=recipe)
        if target in CHIPS:
            graph = deploy.quantize(graph, target)
    if graph.arithmetic != "float64":
        _written(graph, goal, as_json)
        return
    with users_own(OSError, deploy.NIRError, ImportError):
        if target == "nir":
            deploy.to_nir(graph, goal, reset=reset)
        else:
            graph.save(goal)
    if as_json:
        print_json({"file": str(goal), "files": [str(goal)], **description(graph)})
    else:
        typer.echo(f"{graph.summary()}\n\nwritten to {goal}")


def import_nir(
    file: Annotated[Path, typer.Argument(help="NIR file of another framework.")],
    dt: Annotated[
        float | None,
        typer.Option(
            help="Seconds per step; snnTorch's is 1e-4.", show_default="what the file says"
        ),
    ] = None,
    round_delays: Annotated[
        bool, typer.Option("--round-delays", help="Take the nearest whole steps.")
    ] = False,
    at_threshold: Annotated[
        bool, typer.Option("--at-threshold", help="Fire at v_threshold too, as SpikingJelly does.")
    ] = False,
    reset: Annotated[
        _Reset | None,
        typer.Option(help="Of neurons without v_reset, which nir wrote before 1.0.6."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File.", show_default="FILE.h5")] = None,
    as_json: Json = False,
) -> None:
    """Make an event graph of a NIR file."""
    goal = file.with_suffix(".h5") if out is None else out
    writable(goal)
    from axonal import deploy

    delays = "round" if round_delays else "exact"
    with users_own(ValueError, OSError, ImportError):
        graph = deploy.from_nir(file, dt, delays=delays, at_threshold=at_threshold, reset=reset)
        graph.save(goal)
    if as_json:
        print_json({"file": str(goal), **description(graph)})
    else:
        typer.echo(f"{graph.summary()}\n\nwritten to {goal}")


def quantize(
    graph: Graph,
    chip: Annotated[str, typer.Option(help=f"{' or '.join(CHIPS)}.")] = "loihi2",
    out: Annotated[Path | None, typer.Option(help="File.", show_default="GRAPH-CHIP.h5")] = None,
    as_json: Json = False,
) -> None:
    """Make an event graph in the whole numbers of a chip, calibrated on the golden run.

    For spinnaker a PyNN script that runs it on a board and compares is written beside.
    """
    goal = Path(f"{graph.with_suffix('')}-{chip}.h5") if out is None else out
    _check_goal(goal, chip, asked=out is not None)
    loaded = load(graph)
    from axonal import deploy

    with users_own(ValueError, OSError), told():
        whole = deploy.quantize(loaded, chip)
    _written(whole, goal, as_json)


def _check_goal(goal: Path, target: str, *, asked: bool) -> None:
    """Refuse at once a file that could not be written after the work, or that its script would be.

    A folder that is only the default place may be missing: what is read there says so better.
    """
    script = goal.with_suffix(".py")
    if target == "spinnaker" and goal in (script, script.with_suffix(".npz")):
        raise UserError(
            f"--out {goal} is the graph's file; a script is written beside: name an .h5."
        )
    if asked:
        writable(goal)


def _written(graph: "EventGraph", file: Path, as_json: bool) -> None:
    """Save a quantised graph, with a script where its chip has one; say what became of it."""
    from axonal import deploy

    files = [file]
    with users_own(OSError):
        graph.save(file)
        if graph.arithmetic == "spinnaker":
            files += deploy.pynn_script(graph, file.with_suffix(".py"))
    names = [str(name) for name in files]
    if as_json:
        print_json({"file": names[0], "files": names, **description(graph)})
        return
    typer.echo(
        f"{deploy.quantization_table(graph)}\n\n{graph.summary()}\n\nwritten to {', '.join(names)}"
    )
