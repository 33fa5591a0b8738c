"""The command line: train, export, import, quantize, run, verify, place, energy, phase, info."""

import contextlib
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from axonal._base import signals
from axonal.cli import graphs as _cli_graphs
from axonal.cli import train
from axonal.cli._terminal import (
    Json,
    Stopped,
    Unprinted,
    UserError,
    check_printing,
    print_json,
    users_own,
)

# Nothing heavy is imported above: `axonal --help` does not wait for torch.

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train spiking networks with learnable delays, export them, and run them with the same "
    "spikes.",
)


UNUSABLE = 2  # exit code where what was given cannot be used
INTERRUPTED = 128 + signal.SIGINT  # exit code after Ctrl-C


app.add_typer(
    typer.Typer(help=train.HELP, short_help=train.HELP.partition("\n")[0]),
    name="train",
    cls=train.Recipes,
    subcommand_metavar="RECIPE|FILE.py [OPTIONS]",
)
app.command("import")(_cli_graphs.import_nir)
for command in (
    _cli_graphs.export,
    _cli_graphs.quantize,
    _cli_graphs.run,
    _cli_graphs.verify,
    _cli_graphs.place,
    _cli_graphs.energy,
):
    app.command()(command)


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
    noise: Annotated[
        str | None,
        typer.Option(help="Of examples in theory: binomial, exact, or gaussian, for many."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides everything that is random.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes; -1 for one a core.")] = -1,
    as_json: Json = False,
) -> None:
    """Draw a phase diagram: lines of the theory over Monte Carlo cells; resumes if repeated."""
    from axonal.cli import _phase

    axes = {"alpha": alpha, "gamma": gamma, "dilution": dilution, "T": T}
    parameters = {
        "P": P, "K": K, "interaction": interaction,
        "quality": quality, "examples": examples, "protocol": protocol, "noise": noise,
    }  # fmt: skip
    folder = Path("runs") / f"phase-{model}" if out is None else out
    with users_own(ValueError, TypeError):
        request = _phase.request(model, axes, parameters, mc)
    try:
        with users_own(ValueError, ImportError, OSError, MemoryError):
            answer = _phase.draw(request, folder, seed=seed, jobs=jobs, progress=not as_json)
    except KeyboardInterrupt as stop:
        raise Stopped("The same command goes on with the cells that are missing.") from stop
    if as_json:
        print_json(answer)
    else:
        typer.echo(_phase.table(answer))


@app.command()
def info(as_json: Json = False) -> None:
    """Show versions, and the extras and back ends that are found or missing."""
    from axonal.cli import _info

    answer = _info.collect()
    if as_json:
        print_json(answer)
    else:
        typer.echo(_info.table(answer))


def main() -> None:
    """Run the command line and leave with its exit code."""
    check_printing()
    with signals.ending() as ends:
        code = _run(ends)
    sys.exit(code)


def _run(ends: signals.Ending) -> int:
    stopped = "A training run goes on with --resume."
    try:
        code = app(standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except UserError as error:
        return _refuse(str(error))
    except Stopped as stop:
        code, stopped = INTERRUPTED, str(stop)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Unprinted as error:
        return _refuse(str(error))
    except typer.Abort as error:
        # the parser takes the end of a file, which is damaged then, for that of a dialogue
        raise error.__cause__ or error from None
    except Exception as error:
        # the parser's own complaints can put themselves into words; anything else is a bug
        words = getattr(error, "format_message", None)
        if words is not None:
            return _refuse(f"{words()} See `axonal --help`.")
        # a stop in the middle of an import makes other errors than itself
        if ends.number is None:
            raise
        code = INTERRUPTED
    # the parser may also turn Ctrl-C into this code by itself, without a word
    if code == INTERRUPTED:
        _say(f"stopped. {stopped}")
        return ends.code
    return code if isinstance(code, int) else 0


def _refuse(text: str) -> int:
    head, *listed = text.split("\n  - ")
    _say(" ".join(f"{head} {'; '.join(listed)}".split()))
    return UNUSABLE


def _say(line: str) -> None:
    # the exit code tells it, too, where nothing can be said
    with contextlib.suppress(OSError):
        typer.echo(f"axonal: {line}", err=True)
