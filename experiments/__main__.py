"""Make the experiments and write what they found: ``python -m experiments``."""

import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated

import typer

import experiments
from axonal._base import signals
from axonal._base.sweeps import Keyed, Store, fill
from axonal.recipes import RecipeError, _provenance

UNUSABLE = 2


def main(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help=f"{', '.join(experiments.names())}; by default all."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("docs/results"),
    processes: Annotated[int, typer.Option(min=-1, help="Jobs at once; -1 for one per core.")] = -1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget rows made before.")] = False,
) -> None:
    """Do the jobs that are missing in runs.jsonl, then write pages and figures.

    Stop it at any time: the next call goes on.
    """
    path = out / "runs.jsonl"
    if fresh:
        path.unlink(missing_ok=True)
    store = Store(path)
    unknown = [name for name in chosen or () if name not in experiments.names()]
    if unknown:
        known = ", ".join(experiments.names())
        typer.echo(f"error: there is no experiment {unknown[0]!r}; there are {known}", err=True)
        sys.exit(UNUSABLE)
    modules = [experiments.find(name) for name in chosen or experiments.names()]
    wanted: list[Keyed] = [job for module in modules for job in module.plan()]
    with signals.ending() as ends:
        try:
            fill(store, wanted, processes=processes, commit=_provenance.commit())
            for module in modules:
                for written in module.write(store, out):
                    typer.echo(f"wrote {written}")
        except RecipeError as error:
            typer.echo(f"error: {error}", err=True)
            sys.exit(UNUSABLE)
        except (KeyboardInterrupt, BrokenProcessPool) as error:
            why = "stopped" if isinstance(error, KeyboardInterrupt) else "a process ended early"
            left = len(store.missing(wanted))
            line = f"{why}: {left} jobs are left; the same command goes on with them."
            typer.echo(line, err=True)
            sys.exit(ends.code if isinstance(error, KeyboardInterrupt) else 1)


if __name__ == "__main__":
    typer.run(main)
