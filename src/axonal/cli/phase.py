"""The command that draws phase diagrams."""

from pathlib import Path
from typing import Annotated

import typer

from axonal.cli._terminal import Json, Stopped, print_json, users_own


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
    P: Annotated[int | None, typer.Option("--P", help="Spins per coupling, of dense; 3.")] = None,
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
    jobs: Annotated[int, typer.Option(help="Processes; -1 for one per core.")] = -1,
    as_json: Json = False,
) -> None:
    """Draw a phase diagram: lines of the theory over Monte Carlo cells; resumes if repeated."""
    from axonal.cli import _phase_diagram

    axes = {"alpha": alpha, "gamma": gamma, "dilution": dilution, "T": T}
    parameters = {
        "P": P, "K": K, "interaction": interaction,
        "quality": quality, "examples": examples, "protocol": protocol, "noise": noise,
    }  # fmt: skip
    folder = Path("runs") / f"phase-{model}" if out is None else out
    with users_own(ValueError, TypeError):
        request = _phase_diagram.request(model, axes, parameters, mc)
    try:
        with users_own(ValueError, ImportError, OSError, MemoryError):
            answer = _phase_diagram.draw(
                request, folder, seed=seed, jobs=jobs, progress=not as_json
            )
    except KeyboardInterrupt as stop:
        raise Stopped("The same command goes on with the cells that are missing.") from stop
    if as_json:
        print_json(answer)
    else:
        typer.echo(_phase_diagram.table(answer))
