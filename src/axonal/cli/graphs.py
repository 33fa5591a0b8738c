"""The commands on event graphs: export, import, quantize, run, verify, place, energy."""

import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axonal._base.files import check_target
from axonal.cli._terminal import Json, UserError, print_json, told, users_own

if TYPE_CHECKING:
    from axonal.deploy import EventGraph, Run

# Nothing heavy is imported above: `axonal --help` does not wait for torch.

SHIPPED = "digits"  # the trained network that comes with axonal
NIR = ".nir"
FIGURES = (".png", ".pdf", ".svg")
GRAPH_HELP = "File that `axonal export` wrote, or a .nir; digits for the one that ships."


class Target(StrEnum):
    """What a network can be exported to."""

    graph = "graph"
    loihi2 = "loihi2"
    spinnaker = "spinnaker"
    nir = "nir"


class Reset(StrEnum):
    """What a spike does to the potential."""

    zero = "zero"
    subtract = "subtract"


class Late(StrEnum):
    """What is done with a line of a stream whose step has run."""

    refuse = "refuse"
    drop = "drop"


Chip = Annotated[
    str | None,
    typer.Option(
        help="loihi2 or spinnaker.", show_default="that of a quantised graph, else loihi2"
    ),
]
Figure = Annotated[Path | None, typer.Option(help="Draw a figure here (.png, .pdf or .svg).")]
Seed = Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Decides everything that is random.")]
Timeout = Annotated[float, typer.Option(min=0.0, help="Seconds that a simulator may take.")]


def export(
    run: Annotated[
        Path,
        typer.Argument(help="Run folder that `axonal train` left; digits for the one that ships."),
    ],
    target: Annotated[Target, typer.Option(help="What to make.")] = Target.graph,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File.",
            show_default="RUN/TARGET.h5, RUN/nir.nir; digits for the one that ships",
        ),
    ] = None,
    reset: Annotated[
        Reset | None,
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
    if reset is not None and target is not Target.nir:
        raise UserError("--reset belongs to --target nir.")
    if reset is Reset.zero:
        raise UserError("--reset takes subtract; without it neurons reset to zero.")
    shipped = _ships(run)
    file = Path(SHIPPED) if shipped else run / target
    goal = file.with_suffix(NIR if target is Target.nir else ".h5") if out is None else out
    _check_goal(goal, target, asked=out is not None)
    from axonal import deploy, recipes

    with users_own(ValueError, OSError), told():
        graph = recipes.export_run(recipes.trained(SHIPPED) if shipped else run, recipe=recipe)
        if target in (Target.loihi2, Target.spinnaker):
            graph = deploy.quantize(graph, target)
    if graph.arithmetic != "float64":
        _written(graph, goal, as_json)
        return
    with users_own(OSError, deploy.NIRError, ImportError):
        if target is Target.nir:
            deploy.to_nir(graph, goal, reset=reset)
        else:
            graph.save(goal)
    if as_json:
        print_json({"file": str(goal), "files": [str(goal)], **_description(graph)})
    else:
        typer.echo(f"{graph.summary()}\n\nwritten to {goal}")


def import_nir(
    file: Annotated[Path, typer.Argument(help="NIR file of another framework.")],
    dt: Annotated[
        float | None,
        typer.Option(help="Seconds a step; snnTorch's is 1e-4.", show_default="what the file says"),
    ] = None,
    round_delays: Annotated[
        bool, typer.Option("--round-delays", help="Take the nearest whole steps.")
    ] = False,
    at_threshold: Annotated[
        bool, typer.Option("--at-threshold", help="Fire at v_threshold too, as SpikingJelly does.")
    ] = False,
    reset: Annotated[
        Reset | None,
        typer.Option(help="Of neurons without v_reset, which nir wrote before 1.0.6."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File.", show_default="FILE.h5")] = None,
    as_json: Json = False,
) -> None:
    """Make an event graph of a NIR file."""
    goal = file.with_suffix(".h5") if out is None else out
    _writable(goal)
    from axonal import deploy

    delays = "round" if round_delays else "exact"
    with users_own(ValueError, OSError, ImportError):
        graph = deploy.from_nir(file, dt, delays=delays, at_threshold=at_threshold, reset=reset)
        graph.save(goal)
    if as_json:
        print_json({"file": str(goal), **_description(graph)})
    else:
        typer.echo(f"{graph.summary()}\n\nwritten to {goal}")


def quantize(
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
    chip: Annotated[str, typer.Option(help="loihi2 or spinnaker.")] = "loihi2",
    out: Annotated[Path | None, typer.Option(help="File.", show_default="GRAPH-CHIP.h5")] = None,
    as_json: Json = False,
) -> None:
    """Make an event graph in the whole numbers of a chip, calibrated on the golden run.

    For spinnaker a PyNN script that runs it on a board and compares is written beside.
    """
    goal = Path(f"{graph.with_suffix('')}-{chip}.h5") if out is None else out
    _check_goal(goal, chip, asked=out is not None)
    loaded = _load(graph)
    from axonal import deploy

    with users_own(ValueError, OSError), told():
        whole = deploy.quantize(loaded, chip)
    _written(whole, goal, as_json)


def _check_goal(goal: Path, target: str, *, asked: bool) -> None:
    """Refuse at once a file that could not be written after the work, or that its script would be.

    A folder that is only the default place may be missing: what is read there says so better.
    """
    script = goal.with_suffix(".py")
    if target == Target.spinnaker and goal in (script, script.with_suffix(".npz")):
        raise UserError(
            f"--out {goal} is the graph's file; a script is written beside: name an .h5."
        )
    if asked:
        _writable(goal)


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
        print_json({"file": names[0], "files": names, **_description(graph)})
        return
    typer.echo(
        f"{deploy.quantization_table(graph)}\n\n{graph.summary()}\n\nwritten to {', '.join(names)}"
    )


def run(
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
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
        Late, typer.Option(help="Lines of a stream whose step has run: refuse or drop.")
    ] = Late.refuse,
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
        raise UserError("--data says what to run: digits, or an .npz file; or write --stream.")
    _writable(out, save_state)
    loaded = _load(graph)
    if stream:
        from axonal.cli import _stream

        drop = late is Late.drop
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
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
    backends: Annotated[
        str, typer.Option(help="With commas between; `axonal info` lists them.")
    ] = "reference",
    timeout: Timeout = 600.0,
    as_json: Json = False,
) -> None:
    """Compare back ends with the golden run, cell by cell; exit 1 if anything differs."""
    loaded = _load(graph)
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


def place(
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
    chip: Chip = None,
    seed: Seed = 0,
    figure: Figure = None,
    as_json: Json = False,
) -> None:
    """Place neurons on the cores of a chip, with few spikes between cores."""
    _drawable(figure)
    loaded = _load(graph)
    from axonal.cli import _chip_figures as _chips

    with users_own(ValueError, OSError):
        placed = _chips.place(loaded, _own(loaded, chip), seed, figure)
    print_json(placed.to_json()) if as_json else typer.echo(str(placed))


def energy(
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
    chip: Chip = None,
    sanafe: Annotated[bool, typer.Option(help="Run SANA-FE's model of Loihi beside it.")] = True,
    figure: Figure = None,
    timeout: Timeout = 600.0,
    as_json: Json = False,
) -> None:
    """Estimate the energy of the golden run on a chip, from published constants."""
    _drawable(figure)
    loaded = _load(graph)
    from axonal import deploy
    from axonal.cli import _chip_figures as _chips

    with users_own(ValueError, OSError, deploy.BackendError):
        found = _chips.energy(loaded, _own(loaded, chip), sanafe, timeout, figure)
    print_json(found.to_json()) if as_json else typer.echo(str(found))


def _load(file: Path) -> "EventGraph":
    from axonal import deploy

    with users_own(ValueError, OSError, ImportError):
        if _ships(file):
            return deploy.example()
        if file.suffix == NIR:
            return deploy.from_nir(file)
        return deploy.EventGraph.load(file)


def _writable(*files: Path | None) -> None:
    """Refuse at once what could not be written after the work."""
    with users_own(OSError):
        for file in files:
            if file is not None:
                check_target(file)


def _drawable(figure: Path | None) -> None:
    """Refuse at once a figure that could not be drawn after the work."""
    if figure is not None and figure.suffix.lower() not in FIGURES and not figure.is_dir():
        raise UserError(f"--figure takes {', '.join(FIGURES[:-1])} or {FIGURES[-1]}, got {figure}.")
    _writable(figure)


def _own(graph: "EventGraph", chip: str | None) -> str:
    """The chip that is asked for, or that the graph is for."""
    return chip or {"float64": "loihi2"}.get(graph.arithmetic, graph.arithmetic)


def _ships(path: Path) -> bool:
    """Whether the trained network of the package is meant; a file of the user comes first."""
    return str(path) == SHIPPED and not path.exists()


def _description(graph: "EventGraph") -> dict[str, Any]:
    return {
        "populations": {p.name: p.size for p in graph.populations},
        "synapses": sum(p.size for p in graph.projections),
        "max_delay": graph.max_delay,
        "dt": graph.dt,
        "readout": graph.readout,
        "info": graph.info,
    }


def _counts(result: "Run") -> dict[str, Any]:
    return {
        "steps": result.steps,
        "samples": result.samples,
        "spikes": sum(len(s.t) for s in result.spikes.values()),
        "synaptic_events": result.synaptic_events,
    }
