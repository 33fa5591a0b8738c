"""Chips: one file each, with its limits and where they are from, and its arithmetic."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from axonal.deploy.graph import EventGraph

Integers = npt.NDArray[np.int64]


class Chip(Protocol):
    """What a file of this folder offers, as functions of its module."""

    def problems(self, graph: "EventGraph") -> list[str]:
        """What of a quantised graph is outside the chip's ranges, one line each."""

    def advance(
        self, v: Integers, arrived: Integers, decay: Integers, bias: Integers
    ) -> tuple[Integers, int]:
        """Membranes after a step without reset, and how many values overflowed."""


def names() -> tuple[str, ...]:
    """Names of the chips that graphs can be quantised for.

    >>> names()
    ('loihi2',)
    """
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


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
    ValueError: unknown chip 'loihi3'; known are loihi2
    """
    if name not in names():
        raise ValueError(f"unknown chip {name!r}; known are {', '.join(names())}")
    return cast(Chip, importlib.import_module(f"axonal.deploy.chips.{name}"))
