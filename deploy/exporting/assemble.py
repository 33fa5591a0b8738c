"""Populations and the signals that drive them, put together as synapses on one grid."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from axonal._base.array_types import Float64Array
from axonal.deploy.exporting.affine_signal import ONE, Signal
from axonal.deploy.graph import Population, Projection
from axonal.deploy.graph.retiming import ALWAYS_ON

EACH, ALL = 1e-9, 1e-6
"""Largest loss of a weight, and of the sum of those of a neuron, on the grid, as a share."""


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


def on_grid(weight: Float64Array, grid: int) -> Float64Array:
    """Round to multiples of 2^-grid."""
    rounded: Float64Array = np.ldexp(np.rint(np.ldexp(weight, grid)), -grid)
    return rounded


def off_grid(
    populations: Mapping[str, Population], drives: Mapping[str, Signal], grid: int
) -> Iterator[str]:
    """Name populations with a neuron whose input the grid would change.

    Weights that are small beside those of any other neuron are rounded, to nothing in the end. What
    one neuron loses is held against the input at which it fires, threshold / gain, or its median
    weight where that is more; of a readout, which has no threshold, against its largest weight.
    A weight that decayed to nothing in training is no loss, then.

    Args:
        populations: populations by name.
        drives: what joins the sum of each but the inputs, by name.
        grid: weights are rounded to multiples of 2^-grid.

    Returns:
        one line for each population, about the neuron that loses most.
    """
    for name, drive in drives.items():
        p = populations[name]
        joined = sparse.hstack([m for m in drive.terms.values() if m.nnz] or [_nothing(drive)])
        weight = abs(joined.tocsr())
        lost = weight.copy()
        lost.data = np.abs(on_grid(weight.data, grid) - weight.data)
        if not lost.data.any():
            continue
        largest = weight.max(axis=1).toarray().ravel()
        decides = np.maximum(_level(p), _medians(weight)) if p.threshold.size else largest
        share = np.zeros(drive.size)
        for part, bound in ((lost.max(axis=1).toarray().ravel(), EACH), (lost.sum(axis=1), ALL)):
            np.maximum(share, part / np.where(decides > 0, decides * bound, np.inf), out=share)
        worst = int(np.argmax(share))
        if share[worst] > 1:
            yield (
                f"{name!r}: its weights, {largest[worst]:g} at most, are too small beside the "
                "largest of the graph for sums that are exact in any order: neuron "
                f"{worst} would lose {lost.sum(axis=1)[worst]:.2g}"
            )


def _nothing(drive: Signal) -> sparse.csr_array:
    return sparse.csr_array((drive.size, 1))


def _level(p: Population) -> Float64Array:
    """Input at which a neuron fires, infinite where its gain is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        level: Float64Array = np.abs(p.threshold) / np.abs(p.gain)
    return level


def _medians(weight: sparse.csr_array) -> Float64Array:
    """Lower median of the weights of every row, 0 of an empty one."""
    rows = np.repeat(np.arange(weight.shape[0]), np.diff(weight.indptr))
    by_size = weight.data[np.lexsort((weight.data, rows))]
    count = np.diff(weight.indptr)
    medians = np.zeros(weight.shape[0])
    medians[count > 0] = by_size[(weight.indptr[:-1] + (count - 1) // 2)[count > 0]]
    return medians


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
