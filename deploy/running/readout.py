"""The class of each sample from the output of a graph."""

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import BoolArray, Float64Array, Int64Array
from axonal.deploy.executor.run import Run
from axonal.deploy.graph import EventGraph

NOBODY = -1
"""Class of a sample in which no neuron fired first."""


def classify(graph: EventGraph, run: Run, lengths: npt.ArrayLike | None = None) -> Int64Array:
    """Find the class of every sample by the readout rule that a graph carries.

    The class is the neuron of the output with the largest score; of equals, the first:

        "max"          max over t of y_t        "last"         y of the last step
        "mean"         mean over t of y_t       "first-spike"  minus the step of the first spike

    where y is the membrane of an integrator, 1 at a spike, or what a graded spike carries. A sample
    without a spike has no first one: its class is -1.

    Args:
        graph: a graph with a ``readout``.
        run: what `run` returned for it.
        lengths: steps of each sample that count, from the first on, whole numbers 1 to T `[B]`; all
            T by default.

    Returns:
        classes, int64 `[B]`.

    Raises:
        ValueError: the graph carries no rule, or lengths do not fit the run.

    >>> from axonal.deploy import EventGraph, Population, Projection, run
    >>> cell = Population("out", "integrator", (2,), decay=0.5, gain=1, bias=0)
    >>> wire = Projection("in", "out", pre=[0, 1], post=[0, 1], weight=[1.0, 1.0], delay=[0, 0])
    >>> graph = EventGraph((Population("in", "input", (2,)), cell), (wire,), ("out",), dt=0.001,
    ...                    readout="max")
    >>> classify(graph, run(graph, [[[0, 1]], [[1, 0]], [[1, 0]]]), lengths=[1])
    array([1])
    """
    if graph.readout is None:
        raise ValueError(
            "the graph carries no readout rule: write export(net, dt, readout='max'), or "
            "dataclasses.replace(graph, readout='max')"
        )
    (name,) = graph.outputs
    counted = _counted(lengths, run.steps, run.samples)
    if graph.readout == "first-spike":
        return _first(run.raster(name) & counted)
    y = run.readout[name] if name in run.readout else _events(run, name)
    if graph.readout == "max":
        scores = np.where(counted, y, -np.inf).max(0)
    elif graph.readout == "mean":
        scores = np.where(counted, y, 0.0).sum(0) / counted.sum(0)
    else:
        scores = y[counted[:, :, 0].sum(0) - 1, np.arange(run.samples)]
    best: Int64Array = scores.argmax(-1).astype(np.int64)
    return best


def score(
    graph: EventGraph, run: Run, y: npt.ArrayLike, lengths: npt.ArrayLike | None = None
) -> float:
    """Share of samples whose class is found by the readout rule that a graph carries.

    Args:
        graph: a graph with a ``readout``.
        run: what `run` returned for it.
        y: class of every sample, whole numbers from 0 `[B]`.
        lengths: as in `classify`.

    Returns:
        0 to 1.

    Raises:
        ValueError: the graph carries no rule, or y or lengths do not fit the run.

    >>> from axonal.deploy import EventGraph, Population, Projection, run
    >>> cell = Population("out", "integrator", (2,), decay=0.5, gain=1, bias=0)
    >>> wire = Projection("in", "out", pre=[0, 1], post=[0, 1], weight=[1.0, 1.0], delay=[0, 0])
    >>> graph = EventGraph((Population("in", "input", (2,)), cell), (wire,), ("out",), dt=0.001,
    ...                    readout="max")
    >>> score(graph, run(graph, [[[0, 1], [1, 0]]]), y=[1, 1])
    0.5
    """
    classes = classify(graph, run, lengths)
    wanted = labels(y, run.samples, graph.population(graph.outputs[0]).size, graph.outputs[0])
    return float((classes == wanted).mean())


def labels(y: npt.ArrayLike, samples: int, classes: int, output: str) -> Int64Array:
    """Check the class of every sample.

    Raises:
        ValueError: they are not whole numbers, one per sample, of classes that the output has.
    """
    values = np.asarray(y)
    if values.dtype.kind not in "iu":
        raise ValueError(
            f"y takes whole numbers, one class a sample [B], got an array of {values.dtype}"
        )
    if values.shape != (samples,):
        raise ValueError(
            f"y takes one class per sample, [B] with B = {samples}, got {values.shape}. Is x "
            "batch-first? It is [T, B, N]: np.swapaxes(x, 0, 1)"
        )
    if values.min() < 0 or values.max() >= classes:
        raise ValueError(
            f"y goes from {values.min()} to {values.max()}, and the classes of {output!r} from 0 "
            f"to {classes - 1}"
        )
    return values.astype(np.int64)


def checked_lengths(lengths: npt.ArrayLike, steps: int, samples: int) -> Int64Array:
    """Check the steps of every sample that count.

    Raises:
        ValueError: they are not whole numbers from 1 to T, one per sample.
    """
    values = np.asarray(lengths)
    if values.dtype.kind not in "iu" or values.shape != (samples,):
        raise ValueError(
            f"lengths takes whole numbers, one per sample, [B] with B = {samples}, got "
            f"{values.shape} of {values.dtype}"
        )
    if values.min() < 1 or values.max() > steps:
        raise ValueError(
            f"lengths go from 1 to T = {steps} steps, got {values.min()} to {values.max()}"
        )
    return values.astype(np.int64)


def _counted(lengths: npt.ArrayLike | None, steps: int, samples: int) -> BoolArray:
    """Steps that count `[T, B, 1]`."""
    if lengths is None:
        return np.ones((steps, samples, 1), bool)
    return (np.arange(steps)[:, None] < checked_lengths(lengths, steps, samples))[:, :, None]


def _events(run: Run, name: str) -> Float64Array:
    return run.graded(name) if name in run.payload else run.raster(name).astype(np.float64)


def _first(raster: BoolArray) -> Int64Array:
    """The neuron that fires first; of several in that step, the first of them."""
    fired = raster.any(0)
    when = np.where(fired, raster.argmax(0), len(raster))
    return np.where(fired.any(-1), when.argmin(-1), NOBODY).astype(np.int64)
