"""Chips: one file each, with its limits and where they are from, and its arithmetic."""

import importlib
import pkgutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np
import numpy.typing as npt

from axonal.deploy.kinds.table import NEURONS

if TYPE_CHECKING:
    from axonal.deploy.graph import EventGraph, Population

Integers = npt.NDArray[np.int64]


class Input(NamedTuple):
    """The synapses of one projection, as the chip's neuron would take them in exact numbers.

    Args:
        weight: weights `[S]`.
        post: receiving neurons `[S]`.
    """

    weight: npt.NDArray[np.float64]
    post: npt.NDArray[np.integer]


class Format(NamedTuple):
    """Whole numbers that a projection stores: weight = mantissa · 2^exponent.

    Args:
        low: least mantissa.
        high: largest mantissa.
        step: mantissas are multiples of it.
        exponent: of all weights of the projection.
    """

    low: int
    high: int
    step: int
    exponent: int


class Cell(NamedTuple):
    """Whole parameters of a population, in steps of its membrane.

    Args:
        decay: share kept, in units of 2^-DECAY_BITS `[N]`.
        bias: joins the sum at every step `[N]`.
        exponent: of the sums that arrive, where a chip adds up mantissas.
        synapse: share of the current kept, like decay; 0 where there is none to keep.
    """

    decay: Integers
    bias: Integers
    exponent: int
    synapse: Integers | int = 0


class Chip(Protocol):
    """What a file of this folder offers, as names of its module."""

    UNIT: int
    """Steps of the membrane in one unit of weight."""
    DECAY_BITS: int
    FIRES_AT: bool
    """Whether a neuron fires at its threshold, and not only above it."""
    BUFFERS: int
    """1 where weights of both signs are added up together, 2 where each sign is for itself."""
    NEURONS: tuple[str, ...]
    """Kinds of populations that it has a form for."""
    SINGLE: bool
    """Whether a projection holds one synapse of each pair of neurons only."""
    READOUT: int
    """The highest membrane of a readout, in steps: its neuron has a threshold, too, the highest
    there is, and above this fires and is reset."""
    OVERFLOW: str
    """What becomes of values that are too large for its state."""
    SHARES: tuple[float, ...]
    """Shares of the largest weight that calibration tries, at which weights saturate."""

    def problems(self, graph: "EventGraph") -> list[str]:
        """What of a quantised graph is outside the chip's ranges, one line each."""

    def unfit(self, graph: "EventGraph") -> list[str]:
        """What of a retimed graph in float64 it has no form for, one line each."""

    def whole_population(self, p: "Population", scale: float) -> "Population":
        """The population with whole parameters, its membrane times scale."""

    def finest(self, p: "Population", inputs: Sequence[Input]) -> float:
        """The largest scale to try for a population with these inputs."""

    def formats(self, p: "Population", inputs: Sequence[Input], share: float) -> list[Format]:
        """How each of the projections into a population is stored, at its scale."""

    def shift(self, exponent: int) -> int:
        """Bits by which summed mantissas are shifted to the left on their way into a buffer.

        What one projection sends to one neuron with one delay is one sum; a shift to the right
        rounds it down.
        """

    def advance(
        self, v: Integers, u: Integers, arrived: Integers, cell: Cell
    ) -> tuple[Integers, Integers, int]:
        """Membranes and currents `[B, N]` after a step without reset, and how many overflowed.

        What arrived is `[BUFFERS, B, N]`: everything, or positive and negative weights apart.
        """


def unknown(chip: Chip, graph: "EventGraph") -> list[str]:
    """Populations of kinds that a chip has no form for, one line each."""
    return [
        f"population {p.name!r} is of kind {p.kind}; the chip has {', '.join(chip.NEURONS)} only"
        for p in graph.of_kind(*NEURONS)
        if p.kind not in chip.NEURONS
    ]


def names() -> tuple[str, ...]:
    """Names of the chips that graphs can be quantised for.

    >>> names()
    ('loihi2', 'spinnaker')
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
    ValueError: unknown chip 'loihi3'; known are loihi2, spinnaker
    """
    if name not in names():
        raise ValueError(f"unknown chip {name!r}; known are {', '.join(names())}")
    return cast(Chip, importlib.import_module(f"axonal.deploy.chips.{name}"))
