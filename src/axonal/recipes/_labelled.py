"""Arrays that a graph is run and scored on: whatever is wrong with them is said before the run."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal import deploy
from axonal.deploy.running.inputs import checked_inputs
from axonal.deploy.running.readout import checked_lengths
from axonal.deploy.running.readout import labels as checked_labels
from axonal.recipes._errors import RecipeError
from axonal.recipes._learner import READOUTS

OLD = "labels"
"""Name that y had."""


class Labelled(NamedTuple):
    """Samples to run, and what they are scored by.

    Args:
        x: events `[T, B, N]` of every input by name.
        y: class of every sample `[B]`, if they have one.
        lengths: steps of every sample that count `[B]`; None for all.
    """

    x: dict[str, npt.NDArray[Any]]
    y: npt.NDArray[np.int64] | None = None
    lengths: npt.NDArray[np.int64] | None = None


def inputs(graph: deploy.EventGraph) -> tuple[str, ...]:
    """Names of the inputs."""
    return tuple(p.name for p in graph.of_kind("input"))


def labelled(graph: deploy.EventGraph, file: str, held: Mapping[str, npt.NDArray[Any]]) -> Labelled:
    """Check the arrays of a file, all that can be told before the run.

    Args:
        graph: the graph to run.
        file: name of the file, for messages.
        held: its arrays: x `[T, B, N]` (of several inputs one each, by their names), and y `[B]`
            and lengths `[B]`, or not.

    Raises:
        RecipeError: a name that means nothing, an array that is missing, of another shape or kind,
            or a label that the graph has no class for.
    """
    sources = inputs(graph)
    taken = {"x": sources[0]} if len(sources) == 1 else {name: name for name in sources}
    unknown = [name for name in held if name not in (*taken, "y", OLD, "lengths")]
    absent = [name for name in taken if name not in held]
    shape = ", ".join(f"{name} [T, B, N]" for name in taken)
    if unknown or absent:
        what = f"unknown {', '.join(unknown)}" if unknown else f"no {', '.join(absent)}"
        raise RecipeError(
            f"{file} holds {', '.join(held) or 'nothing'}: {what}; expected {shape} and, to be "
            "scored, y [B], and lengths [B] of samples that differ: write numpy.savez(file, x=x, "
            "y=y)."
        )
    if OLD in held and "y" in held:
        raise RecipeError(f"{file} holds y and {OLD}, its older name: leave one of them out.")
    try:
        x = checked_inputs(graph, {source: held[name] for name, source in taken.items()})
        steps, samples = next(iter(x.values())).shape[:2]
        y, lengths = held.get("y", held.get(OLD)), held.get("lengths")
        if lengths is not None:
            lengths = checked_lengths(lengths, steps, samples)
        if y is not None:
            y = scorable(graph, y, samples)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{file}: {error}") from error
    return Labelled(x, y, lengths)


def scorable(graph: deploy.EventGraph, y: npt.NDArray[Any], samples: int) -> npt.NDArray[np.int64]:
    """Check that a graph can be scored on these labels.

    Raises:
        RecipeError: it has no readout rule.
        ValueError: the labels are no classes of it.
    """
    if graph.readout is None and recipe_rule(graph) is None:
        raise RecipeError(
            "this graph names no readout rule, so nothing can be scored: write deploy.export(net, "
            "dt, readout='max'), dataclasses.replace(graph, readout='max').save(file), or leave y "
            "out."
        )
    output = graph.population(graph.outputs[0])
    return checked_labels(y, samples, output.size, output.name)


def recipe_rule(graph: deploy.EventGraph) -> str | None:
    """The rule by which the recipe of a graph reads its membranes, if it is of one."""
    rule, output = graph.info.get("readout"), graph.population(graph.outputs[0])
    known = isinstance(rule, str) and rule in READOUTS
    return rule if known and not output.spiking else None
