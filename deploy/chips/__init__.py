"""Chips: one file each, with limits, energies, their sources, and arithmetic."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, cast

from axonal.deploy.chips._chip import Cell, Chip, Format, Input
from axonal.deploy.chips._core_limits import CoreLimits
from axonal.deploy.chips._cost import Cost
from axonal.deploy.kinds import NEURONS

if TYPE_CHECKING:
    from axonal.deploy.graph import EventGraph

__all__ = [
    "Cell",
    "Chip",
    "CoreLimits",
    "Cost",
    "Format",
    "Input",
    "find",
    "names",
    "unsupported",
]


def unsupported(chip: Chip, graph: "EventGraph") -> list[str]:
    """Parts of a graph without a form on a chip, one line each; kinds of neurons first.

    Args:
        chip: the chip.
        graph: a retimed graph in float64, or one quantised for the chip.
    """
    lines = [
        f"population {p.name!r} is of kind {p.kind}; the chip has {', '.join(chip.NEURONS)} only"
        for p in graph.of_kind(*NEURONS)
        if p.kind not in chip.NEURONS
    ]
    return lines + chip.unsupported(graph)


def names() -> tuple[str, ...]:
    """Names of the chips that graphs can be quantised for.

    >>> {"loihi2", "spinnaker"} <= set(names())
    True
    """
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def find(name: str) -> Chip:
    """Look up a chip.

    Args:
        name: one of `names`.

    Returns:
        the chip.

    Raises:
        ValueError: no chip has this name; the message lists those there are.

    >>> find("loihi3")
    Traceback (most recent call last):
    ValueError: unknown chip 'loihi3'; known are loihi2, ...
    """
    if name not in names():
        raise ValueError(f"unknown chip {name!r}; known are {', '.join(names())}")
    return cast(Chip, importlib.import_module(f"axonal.deploy.chips.{name}"))
