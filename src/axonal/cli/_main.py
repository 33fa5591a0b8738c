"""All commands in one, and how they end: exit codes, errors of one line, signals."""

import contextlib
import signal
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from axonal._base import signals
from axonal.cli import (
    chips,
    data,
    export,
    generate,
    info,
    models,
    perplexity,
    phase,
    run,
    stream,
    train,
)
from axonal.cli._terminal import (
    Stopped,
    Unprinted,
    UserError,
    check_printing,
)

# Nothing heavy is imported above: `axonal --help` does not wait for torch.


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the help: what trains comes first."""
        return sorted(super().list_commands(ctx), key=lambda name: name != "train")


app = typer.Typer(
    cls=_Commands,
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
app.add_typer(data.app, name="data")
app.command("import")(export.import_nir)
for command in (
    export.export,
    export.quantize,
    run.run,
    run.verify,
    stream.stream,
    chips.place,
    chips.energy,
    phase.phase,
    generate.generate,
    perplexity.perplexity,
    models.models,
    info.info,
):
    app.command()(command)


def main() -> None:
    """Run the command line and leave with its exit code."""
    check_printing()
    with signals.ending() as ends:
        code = _run(ends)
    sys.exit(code)


def _run(ends: signals.Ending) -> int:
    stopped = ""
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
        _say(f"stopped. {stopped}".rstrip())
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
