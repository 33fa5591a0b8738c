"""The command that streams a file through a trained run: a line per decision, as it is made."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axonal.cli._shipped import OR_SHIPPED, run_folder
from axonal.cli._terminal import Json, told, users_own

if TYPE_CHECKING:
    from axonal.neuro import Decision
    from axonal.recipes._stream import RunStream


def stream(
    run: Annotated[Path, typer.Argument(help=f"Run folder of a finished training; {OR_SHIPPED}")],
    file: Annotated[
        Path,
        typer.Argument(
            help="A sound (.wav), steps as an array T x N (.npy, x of an .npz) or a table of a row "
            "each (.csv, .tsv, .txt), or a recording of events."
        ),
    ],
    every: Annotated[
        int, typer.Option(min=1, help="A line after every so many steps, and after the last one.")
    ] = 1,
    window: Annotated[
        int | None, typer.Option(min=1, help="Last steps that a decision is made of; all of them.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="The recipe's file, where it was moved since the training.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Stream a sound or a sensor's file through a trained run, a line per decision.

    A line is the step, the time of its end in the file, the class of highest score, that score by
    the run's readout rule over the steps so far, and the latency from the arrival of the step to
    the decision.
    """
    with users_own(ValueError, OSError, ImportError, MemoryError), told():
        import torch

        from axonal.recipes._stream import stream_run

        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # steps are small
        try:
            made = stream_run(run_folder(run), file, window=window, recipe=recipe)
            _print(made, every, as_json)
        finally:
            torch.set_num_threads(threads)


def _print(made: "RunStream", every: int, as_json: bool) -> None:
    seconds = []
    for decision in made.decisions():
        seconds.append(decision.seconds)
        if (decision.step + 1) % every == 0 or decision.step == made.steps.count - 1:
            _line(made, decision, as_json)
    summary = _summary(seconds)
    if as_json:
        typer.echo(json.dumps({"summary": summary}))
    else:
        times = ", ".join(f"{name} {value:.3f}" for name, value in summary["latency_ms"].items())
        typer.echo(f"axonal: {summary['steps']} steps; ms per step: {times}", err=True)


def _line(made: "RunStream", decision: "Decision", as_json: bool) -> None:
    label = int(decision.labels[0])
    score, end = float(decision.scores[0, label]), (decision.step + 1) * made.dt
    latency = 1e3 * decision.seconds
    if as_json:
        values = {"t": decision.step, "seconds": round(end, 9), "class": label, "score": score}
        named = {"name": made.name(label)} if made.classes else {}
        typer.echo(json.dumps({**values, **named, "latency_ms": round(latency, 4)}))
        return
    typer.echo(
        f"{decision.step:>6}  {end:9.4f} s  {made.name(label):<8}  {score:10.4f}  {latency:8.3f} ms"
    )


def _summary(seconds: list[float]) -> dict[str, Any]:
    """Number of steps and their latencies, as those of `axonal run --stream` are named."""
    import numpy as np

    taken = 1e3 * np.array(seconds)
    middle, late = np.percentile(taken, (50, 99)).tolist()
    latency = {"median": middle, "99 %": late, "largest": float(taken.max())}
    return {"steps": len(seconds), "latency_ms": latency}
