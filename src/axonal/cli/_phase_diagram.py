"""From the words of `axonal phase` to a model, a grid, the diagram, its figure and a summary."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from axonal._base.files import whole_file
from axonal.hebbian import (
    DenseHopfield,
    Hopfield,
    MonteCarlo,
    MultitaskingHopfield,
    phase_diagram,
    plot_phase_diagram,
)

FIGURE = "diagram.png"
MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class _Kind:
    """A model that has a phase diagram.

    Attributes:
        make: the model from its parameters.
        load: name of the axis beside T.
        axes: of load and T, where none are given.
        parameters: that it takes.
        fixed: that it needs, and its values where none are given.
    """

    make: Callable[..., Any]
    load: str
    axes: tuple[str, str]
    parameters: tuple[str, ...]
    fixed: dict[str, Any]


DATA = ("quality", "examples", "protocol")
LEARNED = (*DATA, "noise")
KINDS = {
    "hopfield": _Kind(Hopfield, "alpha", ("0:0.15:24", "0:1.1:24"), LEARNED, {}),
    "dense": _Kind(
        DenseHopfield, "gamma", ("0:0.35:24", "0:0.7:24"), ("P", "interaction", *LEARNED), {"P": 3}
    ),
    # The dilution is that of every cell; the model wants one too.
    "multitasking": _Kind(
        MultitaskingHopfield,
        "dilution",
        ("0.02:0.98:24", "0.05:1.1:24"),
        ("K", *DATA),
        {"K": 3, "dilution": 0.0},
    ),
}


@dataclass(frozen=True)
class _Request:
    """A phase diagram as it was asked for.

    Attributes:
        model: with all its parameters.
        axes: the load under its name, and T.
        mc: how cells are simulated, if they are.
    """

    model: Any
    axes: dict[str, np.ndarray[Any, Any]]
    mc: MonteCarlo | None


def request(
    name: str, axes: dict[str, str | None], parameters: dict[str, Any], mc: str | None
) -> _Request:
    """Understand the words of the command line.

    Raises:
        ValueError: for words that say nothing, or that the model does not have.
    """
    if name not in KINDS:
        raise ValueError(f"there is no model {name!r}; known: {', '.join(KINDS)}.")
    kind = KINDS[name]
    given = {key: value for key, value in parameters.items() if value is not None}
    texts = {key: value for key, value in axes.items() if value is not None}
    taken = (*kind.parameters, kind.load, "T")
    foreign = [key for key in (*given, *texts) if key not in taken]
    if foreign:
        raise ValueError(f"{name} has no --{foreign[0]}; it takes --{', --'.join(taken)}.")
    load, T = (
        grid(key, texts.get(key, default))
        for key, default in zip((kind.load, "T"), kind.axes, strict=True)
    )
    if len(load) * len(T) > MOST_CELLS:
        raise ValueError(
            f"a diagram has up to {MOST_CELLS} cells, {len(load) * len(T)} were asked."
        )
    model = kind.make(**{**kind.fixed, **given})
    return _Request(model, {kind.load: load, "T": T}, None if mc is None else MonteCarlo.parse(mc))


def grid(name: str, text: str) -> np.ndarray[Any, Any]:
    """An axis from FIRST:LAST:COUNT, or from a single value.

    >>> grid("T", "0:1:5").tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    first, _, rest = text.partition(":")
    last, _, count = rest.partition(":")
    try:
        ends, points = (float(first), float(last or first)), int(count or "1")
    except ValueError:
        points = 0
    if points < 1 or not np.isfinite(ends).all() or (points > 1) != (ends[0] < ends[1]):
        raise ValueError(
            f"--{name} expects FIRST:LAST:COUNT with FIRST < LAST, 0:0.15:40 for example, or one"
            f" number; got {text!r}."
        )
    if points > MOST_CELLS:
        raise ValueError(f"--{name} has up to {MOST_CELLS} values, {points} were asked.")
    return np.linspace(*ends, points)


def draw(asked: _Request, folder: Path, *, seed: int, jobs: int, progress: bool) -> dict[str, Any]:
    """Compute what is missing of the diagram, and draw its figure.

    Returns:
        what to say about it, as JSON can hold it.

    Raises:
        ValueError: for settings that nothing can be drawn with, before anything is computed.
    """
    start = time.perf_counter()
    if (folder / FIGURE).is_dir():
        raise ValueError(
            f"{folder / FIGURE} is a folder, and the figure is a file: use another --out."
        )
    diagram = phase_diagram(
        asked.model, mc=asked.mc, out=folder, seed=seed, jobs=jobs, progress=progress, **asked.axes
    )
    figure = Figure(figsize=(7.5, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    plot_phase_diagram(diagram, figure.subplots())
    with whole_file(folder / FIGURE) as part:
        figure.savefig(part, dpi=200)
    load = str(diagram.m.dims[0])
    answer: dict[str, Any] = {
        "model": repr(asked.model),
        load: _ends(asked.axes[load]),
        "T": _ends(asked.axes["T"]),
        "cells": int(diagram.sizes[load] * diagram.sizes["T"]),
        "seed": seed,
        "monte_carlo": None if asked.mc is None else repr(asked.mc),
    }
    if "overlap" in diagram:
        answer["survived"] = float(diagram.survival.mean())
        answer.update(_deviation(diagram))
    return {
        **answer,
        "seconds": round(time.perf_counter() - start, 1),
        "store": str(folder / "diagram.zarr"),
        "figure": str(folder / FIGURE),
    }


def _ends(axis: np.ndarray[Any, Any]) -> list[float]:
    return [float(axis[0]), float(axis[-1])]


def _deviation(diagram: Any) -> dict[str, Any]:
    """Monte Carlo against theory well inside the retrieval phase, T <= 0.9 T_M."""
    load = diagram[diagram.m.dims[0]]
    T_M = np.interp(load, diagram.line, diagram.T_M.fillna(0.0))
    inside = (diagram["T"].values <= 0.9 * T_M[:, None]) & (diagram.survival.values == 1)
    gap = np.abs(diagram.overlap.values - diagram.m.values)[inside]
    gap = gap[np.isfinite(gap)]
    return {
        "cells_below_0.9_T_M": int(inside.sum()),
        "largest_deviation_there": float(gap.max()) if len(gap) else None,
    }


def table(answer: dict[str, Any]) -> str:
    """The answer of `draw` for a person."""
    return "\n".join(
        f"{name.replace('_', ' '):<24} {f'{value:.4g}' if isinstance(value, float) else value}"
        for name, value in answer.items()
        if value is not None
    )
