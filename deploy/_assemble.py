"""Populations and the signals that drive them, put together as synapses on one grid."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from axonal.deploy._arrays import Floats
from axonal.deploy._retime import ALWAYS_ON
from axonal.deploy._signal import ONE, Signal
from axonal.deploy.graph import Population, Projection


def finest_grid(drives: Mapping[str, Signal], largest: float = 1.0) -> int:
    """Finest k for which every sum of inputs is a multiple of 2^-k below 2^(52 - k).

    Args:
        drives: what joins the sum of every population.
        largest: largest absolute value of an event.
    """
    return min((_grid(drive, max(1.0, largest)) for drive in drives.values()), default=52)


def _grid(drive: Signal, largest: float) -> int:
    bound = np.zeros(drive.size)
    for (source, _), matrix in drive.terms.items():
        bound += abs(matrix).sum(axis=1) * (1.0 if source == ONE else largest)
    return min(1000, 52 - math.frexp(float(bound.max(initial=0.0)))[1])


def on_grid(weight: Floats, grid: int) -> Floats:
    """Round to multiples of 2^-grid."""
    rounded: Floats = np.ldexp(np.rint(np.ldexp(weight, grid)), -grid)
    return rounded


def assemble(
    populations: Mapping[str, Population], drives: Mapping[str, Signal], grid: int | None
) -> tuple[tuple[Population, ...], tuple[Projection, ...]]:
    """Write drives as synapses and biases.

    Args:
        populations: populations by name, their biases still empty.
        drives: what joins the sum of each but the inputs, by name.
        grid: weights are rounded to multiples of 2^-grid; None leaves them as they are.

    Returns:
        the populations with their biases, and the projections. A constant that arrives late comes
        from an always-on population, the last.
    """
    made, projections = [], []
    always_on = ALWAYS_ON
    while always_on in populations:
        always_on += "_"
    late = False
    for name, population in populations.items():
        bias = np.zeros(population.size)
        by_source: dict[str, list[tuple[Any, ...]]] = {}
        drive = drives.get(name, Signal(population.shape, {}))
        for (source, delay), matrix in drive.terms.items():
            entries = matrix.tocoo()
            weight = entries.data if grid is None else on_grid(entries.data, grid)
            if source == ONE and delay == 0:
                np.add.at(bias, entries.row, weight)
                continue
            late |= source == ONE
            kept = weight != 0
            part = (entries.col[kept], entries.row[kept], weight[kept])
            by_source.setdefault(source, []).append((*part, np.full(kept.sum(), delay)))
        driven = population.kind not in ("input", "constant")
        made.append(replace(population, bias=bias) if driven else population)
        for source, parts in by_source.items():
            pre, post, weight, delays = (np.concatenate(p) for p in zip(*parts, strict=True))
            source = always_on if source == ONE else source
            projections.append(Projection(source, name, pre, post, weight, delays))
    if late:
        made.append(Population(always_on, "constant", (1,)))
    return tuple(made), tuple(projections)
