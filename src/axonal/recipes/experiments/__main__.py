"""Make the experiments and write what they found: ``python -m axonal.recipes.experiments``."""

import sys
from concurrent.futures.process import BrokenProcessPool
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from axonal._base import signals
from axonal.recipes import _train
from axonal.recipes._errors import RecipeError
from axonal.recipes.experiments import (
    _archetypes,
    _branches,
    _coincidence,
    _delay_kernels,
    _digits,
    _mil,
    _montecarlo,
    _quantization,
    _rounding,
    _spoken_digits,
    _spoken_digits_attempts,
)
from axonal.recipes.experiments._pool import make
from axonal.recipes.experiments._runs import Job, Store, cores

PARTS = {
    "digits": _digits,
    "coincidence": _coincidence,
    "rounding": _rounding,
    "quantization": _quantization,
    "mil": _mil,
    "montecarlo": _montecarlo,
    "branches": _branches,
    "archetypes": _archetypes,
    "spoken-digits": _spoken_digits,
    "spoken-digits-attempts": _spoken_digits_attempts,
    "delay-kernels": _delay_kernels,
}
UNUSABLE = 2


class Part(StrEnum):
    """Which experiment."""

    digits = "digits"
    coincidence = "coincidence"
    rounding = "rounding"
    quantization = "quantization"
    mil = "mil"
    montecarlo = "montecarlo"
    branches = "branches"
    archetypes = "archetypes"
    spoken_digits = "spoken-digits"
    spoken_digits_attempts = "spoken-digits-attempts"
    delay_kernels = "delay-kernels"


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="Which; all by default.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("docs/results"),
    processes: Annotated[
        int | None, typer.Option(min=1, help="Runs at once.", show_default="as many as cores")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget runs made before.")] = False,
) -> None:
    """Train what is missing in runs.jsonl, then write tables and figures.

    Stop it at any time: the next call goes on.
    """
    path = out / "runs.jsonl"
    if fresh:
        path.unlink(missing_ok=True)
    store = Store(path)
    chosen = [PARTS[part] for part in parts or Part]
    wanted: list[Job] = [run for part in chosen for run in part.plan()]
    with signals.ending() as ends:
        try:
            make(wanted, store, processes=processes or cores(), commit=_train.commit())
            for part in chosen:
                for written in part.write(store, out):
                    typer.echo(f"wrote {written}")
        except RecipeError as error:
            typer.echo(f"error: {error}", err=True)
            sys.exit(UNUSABLE)
        except (KeyboardInterrupt, BrokenProcessPool) as error:
            why = "stopped" if isinstance(error, KeyboardInterrupt) else "a process ended early"
            left = len(store.missing(wanted))
            line = f"{why}: {left} runs are left; the same command goes on with them."
            typer.echo(line, err=True)
            sys.exit(ends.code if isinstance(error, KeyboardInterrupt) else 1)


if __name__ == "__main__":
    typer.run(main)
