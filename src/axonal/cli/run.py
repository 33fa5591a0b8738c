"""The commands that run event graphs: run, verify."""

import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axonal.cli._graph_files import Graph, Timeout, load, writable
from axonal.cli._terminal import Json, UserError, print_json, users_own

if TYPE_CHECKING:
    from axonal.deploy import Run


class _Late(StrEnum):
    """Treatment of a line of a stream whose step has run."""

    refuse = "refuse"
    drop = "drop"


def run(
    graph: Graph,
    data: Annotated[
        str | None,
        typer.Option(
            help="A recipe (name or file.py): its test set; an .npz of x [T, B, N], y [B], lengths "
            "[B]; or of a stream, its lines."
        ),
    ] = None,
    backend: Annotated[str, typer.Option(help="Where; `axonal info` lists them.")] = "reference",
    out: Annotated[Path | None, typer.Option(help="Write spikes and readouts here (.npz).")] = None,
    timeout: Timeout = 600.0,
    stream: Annotated[
        bool, typer.Option("--stream", help='Run lines {"t": 5, "events": [3, 17]} as they come.')
    ] = False,
    resume: Annotated[Path | None, typer.Option(help="State that a stream goes on from.")] = None,
    save_state: Annotated[
        Path | None, typer.Option(help="Where the state goes when the stream ends.")
    ] = None,
    late: Annotated[
        _Late, typer.Option(help="Lines of a stream whose step has run: refuse or drop.")
    ] = _Late.refuse,
    as_json: Json = False,
) -> None:
    """Run an event graph, and score it if the data has labels; or stream events through it.

    An .npz file holds x [T, B, N] (of several inputs one each, by their names) and, to be scored by
    the graph's readout rule, y [B]; lengths [B] says how many steps of each sample count.
    """
    if not stream and (resume is not None or save_state is not None):
        raise UserError("--resume and --save-state belong to --stream.")
    if stream and (backend != "reference" or out is not None):
        raise UserError(
            "--stream runs on the reference and prints what leaves: no --backend, --out."
        )
    if not stream and data is None:
        raise UserError("--data says what to run: a recipe, or an .npz file; or write --stream.")
    writable(out, save_state)
    loaded = load(graph)
    if stream:
        from axonal.cli import _stream

        drop = late is _Late.drop
        _stream.command(loaded, data, as_json, resume=resume, save_state=save_state, drop_late=drop)
        return
    assert data is not None
    from axonal import deploy
    from axonal.recipes import _graphs

    kinds = (ValueError, OSError, MemoryError, deploy.BackendError)
    # the lines of these warnings are printed below
    told = warnings.catch_warnings(action="ignore", category=deploy.RangeWarning)
    with users_own(*kinds), told:
        x, labels, lengths = _graphs.read_data(loaded, data)
        result = _graphs.run(loaded, x, backend=backend, timeout=timeout)
    answer: dict[str, Any] = {"backend": backend, **_counts(result)}
    found = _graphs.classes(loaded, result, lengths)
    if labels is not None:
        answer["accuracy"] = _graphs.score(loaded, result, labels, lengths)
    if out is not None:
        with users_own(OSError):
            _graphs.write(out, result, found)
        answer["file"] = str(out)
    if as_json:
        answer["classes"] = None if found is None else found.tolist()
        print_json({**answer, "warnings": result.warnings, "extra": result.extra})
    else:
        for line in result.warnings:
            typer.echo(f"axonal: {line}", err=True)
        shown = {name: value for name, value in answer.items() if value is not None}
        typer.echo("\n".join(f"{name.replace('_', ' '):<16} {v}" for name, v in shown.items()))


def verify(
    graph: Graph,
    backends: Annotated[
        str, typer.Option(help="With commas between; `axonal info` lists them.")
    ] = "reference",
    timeout: Timeout = 600.0,
    as_json: Json = False,
) -> None:
    """Compare back ends with the golden run, cell by cell; exit 1 if anything differs."""
    loaded = load(graph)
    from axonal import deploy

    names = [name.strip() for name in backends.split(",") if name.strip()]
    with users_own(ValueError):
        result = deploy.verify(loaded, backends=names, timeout=timeout)
    if as_json:
        print_json(result.to_json())
    else:
        typer.echo(str(result))
    if not result.passed:
        raise typer.Exit(1)


def _counts(result: "Run") -> dict[str, Any]:
    return {
        "steps": result.steps,
        "samples": result.samples,
        "spikes": sum(len(s.t) for s in result.spikes.values()),
        "synaptic_events": result.synaptic_events,
    }
