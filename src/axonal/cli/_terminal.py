"""Answers in JSON and errors of one line, shared by all commands."""

import io
import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


class UserError(Exception):
    """An error of the user: one line on stderr, exit code 2."""


class Stopped(Exception):
    """Ctrl-C in a command that says itself how it goes on."""


class Unprinted(Exception):
    """Standard output takes nothing more: its disk is full, for example."""


class _Output(io.FileIO):
    """Standard output that tells its own errors from those of other files."""

    failed = False

    def write(self, content: "ReadableBuffer", /) -> int:
        if self.failed:  # what is left in a buffer would fail once more when Python ends
            return memoryview(content).nbytes
        try:
            return super().write(content)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failed = True
            raise Unprinted(f"cannot print what came out: {error.strerror}.") from error


def check_printing() -> None:
    """Turn errors of standard output into `Unprinted`.

    Letters that the shell's encoding lacks are written as their numbers.
    """
    out = sys.stdout
    if type(out) is not io.TextIOWrapper:  # it is closed, or was replaced
        return
    out.flush()
    raw = _Output(out.fileno(), "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw),
        out.encoding,
        "backslashreplace",
        line_buffering=out.line_buffering,
        write_through=out.write_through,
    )


@contextmanager
def users_own(*kinds: type[Exception]) -> Iterator[None]:
    """Turn errors about what the user gave into one line; others are bugs and show a traceback."""
    try:
        yield
    except kinds as error:
        text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
        if isinstance(error, OSError) and error.errno and error.filename:
            text = f"{error.filename}: {error.strerror}."
        raise UserError(text) from error


@contextmanager
def told() -> Iterator[None]:
    """Print warnings that are for the user as lines on stderr, and no others."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if not issubclass(warning.category, (UserWarning, RuntimeWarning)):
            continue
        typer.echo(f"axonal: {' '.join(str(warning.message).split())}", err=True)


def print_json(values: dict[str, Any]) -> None:
    """Answer in JSON."""
    typer.echo(json.dumps(values, indent=2))
