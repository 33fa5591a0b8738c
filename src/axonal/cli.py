"""The command line: train, export, run, verify, place, energy, phase, info."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from axonal.deploy import EventGraph, Run

# Nothing heavy is imported above: `axonal --help` does not wait for torch.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Train spiking networks with learnable delays, export them, and run them with the same "
    "spikes.",
)


SHIPPED = "digits"  # the trained network that comes with axonal
GRAPH_HELP = "File that `axonal export` wrote; digits for the one that ships."
INTERRUPTED = 128 + signal.SIGINT  # exit code after Ctrl-C


class Target(StrEnum):
    """What a network can be exported to."""

    graph = "graph"
    loihi2 = "loihi2"
    spinnaker = "spinnaker"
    nir = "nir"


class Late(StrEnum):
    """What is done with a line of a stream whose step has run."""

    refuse = "refuse"
    drop = "drop"


class UserError(Exception):
    """What the user can mend: one line on stderr, exit code 2."""


class Stopped(Exception):
    """Ctrl-C in a command that says itself how it goes on."""


@contextmanager
def _users_own(*kinds: type[Exception]) -> Iterator[None]:
    """Turn errors about what the user gave into one line; others are bugs and show a traceback."""
    try:
        yield
    except kinds as error:
        text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
        if isinstance(error, OSError) and error.errno and error.filename:
            text = f"{error.filename}: {error.strerror}."
        raise UserError(text) from error


Chip = Annotated[str, typer.Option(help="loihi2 or spinnaker.")]
Figure = Annotated[Path | None, typer.Option(help="Draw a figure here (.png, .pdf or .svg).")]
Timeout = Annotated[float, typer.Option(help="Seconds that a simulator may take.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="digits, coincidence or spoken-digits.")],
    out: Annotated[
        Path | None, typer.Option(help="Run folder.", show_default="runs/RECIPE")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training samples.")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides everything that is random.")] = None,
    arm: Annotated[
        str | None,
        typer.Option(help="learned, fixed or none; not of digits. spoken-digits: all if left out."),
    ] = None,
    equal: Annotated[
        str | None, typer.Option(help="Of spoken-digits: what arms share, width or parameters.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Of spoken-digits: official or speaker (held out).")
    ] = None,
    tau: Annotated[
        float | None, typer.Option(help="Time constant of neurons in steps; not of digits.")
    ] = None,
    reset: Annotated[
        str | None, typer.Option(help="Of digits: subtract, or zero as on simulators and chips.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a run.")] = False,
    as_json: Json = False,
) -> None:
    """Train a recipe: weights, metrics and figures go into a run folder.

    spoken-digits without --arm trains every arm with five seeds and prints the table that compares
    them; if it is stopped, the same command goes on.
    """
    from axonal import _training, recipes

    chosen = {
        "epochs": epochs, "seed": seed, "arm": arm, "equal": equal, "split": split, "tau": tau,
        "reset": reset,
    }  # fmt: skip
    given = {name: value for name, value in chosen.items() if value is not None}
    with _users_own(recipes.RecipeError):
        settings = _training.settings(recipe, given)
        every_arm = _training.wants_table(recipe, given, device)
    if every_arm:
        _compare(recipe, out, split, epochs, force, as_json)
        return
    folder = Path("runs") / recipe if out is None else out
    with _users_own(recipes.RecipeError, ImportError, OSError):
        summary = recipes.train(
            recipe,
            settings,
            folder,
            device=device,
            resume=resume,
            force=force,
            progress=not as_json,
        )
    if as_json:
        _print_json({"run": str(folder), **summary})
        return
    lines = [f"test accuracy        {summary['test_accuracy']:.4f}"]
    lines += [f"validation accuracy  {summary['validation_accuracy']:.4f}"]
    lines += [f"trained parameters   {summary['trained_parameters']}"]
    lines += [f"seconds              {summary['seconds']:.1f}"]
    lines += [f"run folder           {folder}", f"figures              {folder / 'figures'}"]
    typer.echo("\n".join(lines))


def _compare(
    recipe: str,
    out: Path | None,
    split: str | None,
    epochs: int | None,
    force: bool,
    as_json: bool,
) -> None:
    from axonal import recipes

    folder = Path("runs") / f"{recipe}-arms" if out is None else out
    try:
        with _users_own(recipes.RecipeError, OSError):
            answer = recipes.compare(
                recipe, folder, split=split, epochs=epochs, force=force, progress=not as_json
            )
    except KeyboardInterrupt as stop:
        raise Stopped("The same command goes on with the networks that are missing.") from stop
    if as_json:
        _print_json({"run": str(folder), **answer})
    else:
        typer.echo(answer["table"] + "\n\n" + "\n".join(f"wrote {f}" for f in answer["files"]))


@app.command()
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
            show_default="RUN/graph.h5 or RUN/loihi2.h5; digits.h5 for the one that ships",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Export a trained network as an event graph with its golden run, or quantised for a chip."""
    if target not in (Target.graph, Target.loihi2):
        raise UserError(
            f"--target {target} is not in this version of axonal; write --target graph or loihi2."
        )
    from axonal import deploy, recipes

    with _users_own(ValueError, OSError):
        if _ships(run):
            graph, file = recipes.export_run(recipes.trained(SHIPPED)), Path(f"{SHIPPED}.h5")
        else:
            graph, file = recipes.export_run(run), run / f"{target}.h5"
        if target is Target.loihi2:
            graph = deploy.quantize(graph, target)
    file = file if out is None else out
    with _users_own(OSError):
        graph.save(file)
    if as_json:
        _print_json({"file": str(file), **_description(graph)})
        return
    if target is Target.loihi2:
        typer.echo(f"{deploy.quantization_table(graph)}\n")
    typer.echo(f"{graph.summary()}\n\nwritten to {file}")


@app.command("run")
def run_graph(
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
    data: Annotated[
        str | None,
        typer.Option(
            help="digits: the test set of its recipe; or an .npz with x [T, B, N]. With --stream "
            "a file of lines.",
            show_default="with --stream standard input",
        ),
    ] = None,
    backend: Annotated[str, typer.Option(help="Where to run it.")] = "reference",
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
    """Run an event graph, and score it if the data has labels; or stream events through it."""
    if not stream and (resume is not None or save_state is not None):
        raise UserError("--resume and --save-state belong to --stream.")
    if stream and (backend != "reference" or out is not None):
        raise UserError(
            "--stream runs on the reference and prints what leaves: no --backend, --out."
        )
    if not stream and data is None:
        raise UserError("--data says what to run: digits, or an .npz file; or write --stream.")
    loaded = _load(graph)
    if stream:
        drop = late is Late.drop
        _stream(loaded, data, as_json, resume=resume, save_state=save_state, drop_late=drop)
        return
    assert data is not None
    from axonal import deploy
    from axonal.recipes import _graphs

    with _users_own(ValueError, OSError, deploy.BackendError):
        x, labels = _graphs.read_data(loaded, data)
        result = _graphs.run(loaded, x, backend=backend, timeout=timeout)
    answer: dict[str, Any] = {"backend": backend, **_counts(result)}
    if labels is not None:
        with _users_own(ValueError):
            answer["accuracy"] = _graphs.score(loaded, result, labels)
    if out is not None:
        with _users_own(OSError):
            _graphs.write(out, result)
        answer["file"] = str(out)
    if as_json:
        _print_json({**answer, "extra": result.extra})
    else:
        shown = {name: value for name, value in answer.items() if value is not None}
        typer.echo("\n".join(f"{name.replace('_', ' '):<16} {v}" for name, v in shown.items()))


@app.command()
def verify(
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
    backends: Annotated[str, typer.Option(help="Names, with commas between.")] = "reference",
    timeout: Timeout = 600.0,
    as_json: Json = False,
) -> None:
    """Compare back ends with the golden run, cell by cell; exit 1 if anything differs."""
    loaded = _load(graph)
    from axonal import deploy

    names = [name.strip() for name in backends.split(",") if name.strip()]
    with _users_own(ValueError):
        result = deploy.verify(loaded, backends=names, timeout=timeout)
    if as_json:
        _print_json(result.to_json())
    else:
        typer.echo(str(result))
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def place(
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
    chip: Chip = "loihi2",
    seed: Annotated[int, typer.Option(help="Decides everything that is random.")] = 0,
    figure: Figure = None,
    as_json: Json = False,
) -> None:
    """Place neurons on the cores of a chip, with few spikes between cores."""
    loaded = _load(graph)
    from axonal import _chips

    with _users_own(ValueError, OSError):
        placed = _chips.place(loaded, chip, seed, figure)
    _print_json(placed.to_json()) if as_json else typer.echo(str(placed))


@app.command()
def energy(
    graph: Annotated[Path, typer.Argument(help=GRAPH_HELP)],
    chip: Chip = "loihi2",
    sanafe: Annotated[bool, typer.Option(help="Run SANA-FE's model of Loihi beside it.")] = True,
    figure: Figure = None,
    timeout: Timeout = 600.0,
    as_json: Json = False,
) -> None:
    """Estimate the energy of the golden run on a chip, from published constants."""
    loaded = _load(graph)
    from axonal import _chips, deploy

    with _users_own(ValueError, OSError, deploy.BackendError):
        found = _chips.energy(loaded, chip, sanafe, timeout, figure)
    _print_json(found.to_json()) if as_json else typer.echo(str(found))


@app.command()
def phase(
    model: Annotated[str, typer.Argument(help="hopfield, dense or multitasking.")],
    alpha: Annotated[
        str | None, typer.Option(help="Loads FIRST:LAST:COUNT, of hopfield.", show_default=False)
    ] = None,
    gamma: Annotated[
        str | None, typer.Option(help="Loads of dense, likewise.", show_default=False)
    ] = None,
    dilution: Annotated[
        str | None, typer.Option(help="The load of multitasking.", show_default=False)
    ] = None,
    T: Annotated[
        str | None, typer.Option("--T", help="Temperatures FIRST:LAST:COUNT.", show_default=False)
    ] = None,
    mc: Annotated[
        str | None, typer.Option(help="Simulate every cell: N=3000,samples=10,sweeps=200,...")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of cells and figure.", show_default="runs/phase-MODEL"),
    ] = None,
    P: Annotated[int | None, typer.Option("--P", help="Spins a coupling, of dense; 3.")] = None,
    K: Annotated[int | None, typer.Option("--K", help="Patterns, of multitasking; 3.")] = None,
    interaction: Annotated[str | None, typer.Option(help="Of dense: distinct or overlap.")] = None,
    quality: Annotated[float | None, typer.Option(help="r of noisy examples, 0 to 1.")] = None,
    examples: Annotated[int | None, typer.Option(help="M of every pattern.")] = None,
    protocol: Annotated[str | None, typer.Option(help="supervised or unsupervised.")] = None,
    seed: Annotated[int, typer.Option(help="Decides everything that is random.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes; -1 for one a core.")] = -1,
    as_json: Json = False,
) -> None:
    """Draw a phase diagram: lines of the theory over Monte Carlo cells; resumes if repeated."""
    from axonal import _phase

    axes = {"alpha": alpha, "gamma": gamma, "dilution": dilution, "T": T}
    parameters = {
        "P": P, "K": K, "interaction": interaction,
        "quality": quality, "examples": examples, "protocol": protocol,
    }  # fmt: skip
    folder = Path("runs") / f"phase-{model}" if out is None else out
    with _users_own(ValueError, TypeError):
        request = _phase.request(model, axes, parameters, mc)
    try:
        with _users_own(ValueError, ImportError, OSError, MemoryError):
            answer = _phase.draw(request, folder, seed=seed, jobs=jobs, progress=not as_json)
    except KeyboardInterrupt as stop:
        raise Stopped("The same command goes on with the cells that are missing.") from stop
    if as_json:
        _print_json(answer)
    else:
        typer.echo(_phase.table(answer))


@app.command()
def info(as_json: Json = False) -> None:
    """Show versions, and the extras and back ends that are found or missing."""
    from axonal import _info

    answer = _info.collect()
    if as_json:
        _print_json(answer)
    else:
        typer.echo(_info.table(answer))


def _stream(graph: "EventGraph", data: str | None, as_json: bool, **states: Any) -> None:
    from axonal import _stream as lines

    save_state = states["save_state"]
    with _users_own(ValueError, OSError, MemoryError):
        summary = lines.run_file(graph, data, **states)
    if as_json:
        lines.emit(json.dumps({"summary": summary.to_json()}))
    else:
        sys.stderr.write(f"axonal: {summary}\n")
    if summary.interrupted:
        goes_on = f"It goes on with --resume {save_state}."
        raise Stopped(goes_on if save_state else "Its state is lost: --save-state keeps it.")


def _load(file: Path) -> "EventGraph":
    from axonal import deploy

    with _users_own(ValueError, OSError):
        return deploy.example() if _ships(file) else deploy.EventGraph.load(file)


def _ships(path: Path) -> bool:
    """Whether the trained network of the package is meant; a file of the user comes first."""
    return str(path) == SHIPPED and not path.exists()


def _description(graph: "EventGraph") -> dict[str, Any]:
    return {
        "populations": {p.name: p.size for p in graph.populations},
        "synapses": sum(p.size for p in graph.projections),
        "max_delay": graph.max_delay,
        "dt": graph.dt,
        "info": graph.info,
    }


def _counts(result: "Run") -> dict[str, Any]:
    return {
        "steps": result.steps,
        "samples": result.samples,
        "spikes": sum(len(s.t) for s in result.spikes.values()),
        "synaptic_events": result.synaptic_events,
    }


def _print_json(values: dict[str, Any]) -> None:
    typer.echo(json.dumps(values, indent=2))


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = app(standalone_mode=False)
    except UserError as error:
        _leave(str(error))
    except Stopped as stop:
        sys.stderr.write(f"axonal: stopped. {stop}\n")
        sys.exit(INTERRUPTED)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        # the parser's own complaints can put themselves into words; anything else is a bug
        words = getattr(error, "format_message", None)
        if words is None:
            raise
        _leave(f"{words()} See `axonal --help`.")
    # the parser may also turn Ctrl-C into this code by itself, without a word
    if code == INTERRUPTED:
        sys.stderr.write("axonal: stopped. A training run goes on with --resume.\n")
    sys.exit(code if isinstance(code, int) else 0)


def _leave(line: str) -> None:
    sys.stderr.write(f"axonal: {' '.join(line.split())}\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
