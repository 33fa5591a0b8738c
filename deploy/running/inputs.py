"""Checks of what a person passes to `run`; each message says what came and what to write."""

from collections.abc import Mapping

import numpy as np

from axonal._base.array_types import AnyArray
from axonal.deploy.graph import EventGraph, Population


def checked_inputs(graph: EventGraph, x: object) -> dict[str, AnyArray]:
    """Bring inputs into the form that every back end takes.

    Args:
        graph: the graph to run.
        x: an array `[T, B, N]` for the only input, or a dict of them by name.

    Returns:
        for every input population, in the order of the graph, an array `[T, B, N]`.

    Raises:
        ValueError: names, shapes or values do not fit.
        TypeError: the values are not real numbers.
    """
    inputs = graph.of_kind("input")
    names = [p.name for p in inputs]
    if not isinstance(x, Mapping):
        if len(inputs) > 1:
            raise ValueError(
                f"the graph has {len(inputs)} inputs: pass a dict with {', '.join(names)}"
            )
        x = {names[0]: x}
    unknown = [str(name) for name in x if name not in names]
    absent = [name for name in names if name not in x]
    if unknown or absent:
        wrong = f"unknown {', '.join(unknown)}" if unknown else f"missing {', '.join(absent)}"
        raise ValueError(f"inputs of the graph are {', '.join(names)}; {wrong}")
    arrays = {p.name: _array(x[p.name], p) for p in inputs}
    shapes = {name: array.shape[:2] for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        text = ", ".join(f"{name}: T = {t}, B = {b}" for name, (t, b) in shapes.items())
        raise ValueError(f"all inputs need the same steps T and samples B, got {text}")
    return arrays


def _array(value: object, p: Population) -> AnyArray:
    x = np.asarray(value)
    want = f"input {p.name!r} takes x [T, B, N] with N = {p.size}"
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{want} of real numbers, got {x.dtype}")
    if x.ndim > 3 and x.shape[2:] == p.shape:
        x = x.reshape(*x.shape[:2], p.size)
    if x.ndim == 2 and x.shape[1] == p.size:
        raise ValueError(f"{want}, got {x.shape}: for one sample write x[:, None]")
    if x.ndim != 3 or x.shape[2] != p.size:
        hint = ""
        if x.ndim == 3 and p.size in x.shape:
            axis = x.shape.index(p.size)
            hint = f". Are the neurons on axis {axis}? Time is first: np.moveaxis(x, {axis}, -1)"
        raise ValueError(f"{want}, got {x.shape}{hint}")
    if 0 in x.shape:
        raise ValueError(f"{want}, got {x.shape}: at least one step and one sample are needed")
    if x.dtype.kind == "f" and not np.all(np.isfinite(x)):
        t, b, n = (int(k) for k in np.argwhere(~np.isfinite(x))[0])
        raise ValueError(f"{want}; x[{t}, {b}, {n}] is {x[t, b, n]}: events must be finite")
    return x
