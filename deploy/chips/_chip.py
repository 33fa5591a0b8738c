"""The form of a chip's module, and the numbers that it exchanges with quantisation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from axonal._base.array_types import Float64Array, Int64Array, IntegerArray
from axonal.deploy.chips._core_limits import CoreLimits
from axonal.deploy.chips._cost import Cost
from axonal.deploy.chips._straight_through import StraightThrough

if TYPE_CHECKING:
    from axonal.deploy.graph import EventGraph, Population


class Input(NamedTuple):
    """The synapses of one projection, as the chip's neuron would take them in exact numbers.

    Args:
        weight: weights `[S]`.
        post: receiving neurons `[S]`.
    """

    weight: Float64Array
    post: IntegerArray


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

    decay: Int64Array
    bias: Int64Array
    exponent: int
    synapse: Int64Array | int = 0


class Chip(Protocol):
    """Contents of the module of a chip, as names."""

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
    """Fate of values that are too large for its state."""
    SHARES: tuple[float, ...]
    """Shares of the largest weight that calibration tries, at which weights saturate."""

    LIMITS: CoreLimits
    """Contents of a core, for `place`."""
    COSTS: tuple[Cost, ...]
    """Energies of its operations, for `energy`."""
    COSTS_NOTE: str
    """Parts of its energy that are left out."""
    STEP: StraightThrough
    """Its arithmetic with gradients, for `fake_quantize`."""

    def unsupported(self, graph: "EventGraph") -> list[str]:
        """Parts of a graph without a form on the chip, one line each.

        Of a retimed graph in float64, parts that cannot be quantised; of a quantised graph, numbers
        outside the ranges.
        """

    def whole_population(self, p: "Population", scale: float) -> "Population":
        """The population with whole parameters, its membrane times scale."""

    def finest(self, p: "Population", inputs: Sequence[Input]) -> float:
        """The largest scale to try for a population with these inputs."""

    def formats(self, p: "Population", inputs: Sequence[Input], share: float) -> list[Format]:
        """Formats of the projections into a population, at its scale."""

    def shift(self, exponent: int) -> int:
        """Bits by which summed mantissas are shifted to the left on their way into a buffer.

        What one projection sends to one neuron with one delay is one sum; a shift to the right
        rounds it down.
        """

    def advance(
        self, v: Int64Array, u: Int64Array, arrived: Int64Array, cell: Cell
    ) -> tuple[Int64Array, Int64Array, int]:
        """Membranes and currents `[B, N]` after a step without reset, and how many overflowed.

        What arrived is `[BUFFERS, B, N]`: everything, or positive and negative weights apart.
        """
