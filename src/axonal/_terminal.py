"""What all commands share: how they answer in JSON, and errors that are one line."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


class UserError(Exception):
    """What the user can mend: one line on stderr, exit code 2."""


class Stopped(Exception):
    """Ctrl-C in a command that says itself how it goes on."""


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
