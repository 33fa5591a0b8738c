"""SpiNNaker with sPyNNaker's `IF_curr_delta` neuron: ranges and exact arithmetic.

Excitatory and inhibitory weights are whole numbers of 16 bits, added up apart in ring buffers of
16 bits that saturate, and shifted into s16.15 numbers (31 bits, multiples of 2^-15) when read. With
the buffers e and i of a step, E the decay and all products rounded down,

    I = (e - i) 2^shift        V = I - floor(E (I - V) / 2^15),     a spike where V >= threshold,

in steps of 2^-15; then V = 0 for `refractory` steps. Numbers wrap at 32 bits. A membrane resistance
of 1 (cm = tau_m) is used, so that in a graph gain = 1 - decay and exponent = shift - 15.

The chip makes E itself from tau_m, by its own division and exponential, which `decay_of` repeats;
`time_constant` finds a tau_m for each multiple of 2^-15 up to 1 - 2^-14.

Sources: O. Rhodes et al., sPyNNaker, Frontiers in Neuroscience 12 (2018), for ring buffers and
s16.15; the rest was read from the program IF_curr_delta.aplx that sPyNNaker 7.4.1 loads onto the
chip. The exponential was compared with that program's at all arguments from 0 to 345000 / 2^15: one
differs, and no tau_m leads to it. Cores, entries and memory are those of sPyNNaker's virtual board,
which maps 759 vertices of one core and refuses 760. No board was at hand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from axonal._base.array_types import Float64Array, Int64Array
from axonal.deploy.chips._chip import Cell, Format, Input
from axonal.deploy.chips._core_limits import PACKED, CoreLimits
from axonal.deploy.chips._cost import NJ, Cost
from axonal.deploy.chips._ranges import within
from axonal.deploy.chips._straight_through import floored

if TYPE_CHECKING:
    from axonal.deploy.graph import EventGraph, Population, Projection

UNIT = 2**15
"""Steps of the membrane, of thresholds and of weights without shift in one unit."""
DECAY_BITS = 15
FIRES_AT = True
BUFFERS = 2
NEURONS = ("lif", "integrator")
SINGLE = False
OVERFLOW = "buffers of 16 bits saturate, numbers of 32 bits wrap, and a readout near 2^16 is reset"
SHARES = (1.0,)
"""Ring buffers hold all that can arrive at a neuron in one step."""
WEIGHT = 2**16 - 1
EXPONENTS = (-15, 0)
"""Shifts of 0 to 15: 16 bits stay within the 31 of s16.15."""
DECAYS = (0, 2**DECAY_BITS - 2)
"""The exponential of the chip jumps from 1 to 1 - 2^-14."""
LARGEST = 2**31 - 1
"""The largest s16.15 number, in steps."""
READOUT = 65535 * UNIT - 1
"""A readout is a neuron with a threshold of 65535, set by the script that runs on a board."""
CORE = 256
"""Neurons per core."""
CHIPS, CHIP_CORES = 48, 16
"""Chips of a board (version 5), and cores of a chip that are sure to be free; some have 15."""
CORES = 856 - 2 * CHIPS - 1
"""Cores of a board that populations get: of its 856 (18 per chip, 17 on 8 chips), the operating
system and sPyNNaker's monitor keep one each on every chip, and the way to the host keeps one."""
ROUTER_ENTRIES = 1023
"""Entries of the routing table of a chip."""
SDRAM = 123469792
"""Bytes of memory that the cores of a chip share."""
BUFFER_BITS = 13
"""Bits that number the cells of a core's ring buffers of either sign: neurons times slots."""
DELAYS = (1, 2 ** (BUFFER_BITS - 1))
"""In steps, without delay extensions, which would take further cores: a core has slots for two
neurons at least."""

_within = partial(within, chip="spinnaker")


def neurons_a_core(longest: int) -> int:
    """Neurons that share a core where delays are up to longest steps: each needs so many slots.

    >>> neurons_a_core(32), neurons_a_core(33), neurons_a_core(4096)
    (256, 128, 2)
    """
    return min(CORE, 1 << BUFFER_BITS - (longest - 1).bit_length())


def longest_into(graph: "EventGraph", p: "Population") -> int:
    """Longest delay of the synapses of a population, at least 1."""
    return max([1, *(int(q.delay.max()) for q in graph.projections_into(p.name) if q.size)])


def decay_of(tau: Int64Array) -> Int64Array:
    """Decays of time constants on the chip: exp(-1 / tau) in units of 2^-15, by its own rules.

    Args:
        tau: time constants in units of 2^-15 steps, at least 1.

    >>> decay_of(np.array([10 * 2**15])) / 2**15
    array([0.90484619])
    """
    x = 2 ** (2 * DECAY_BITS) // tau
    part = x % 2**15
    y = (part % 2**11) / 2**15
    # exp(-y), to a deviation of 1e-6
    least = np.where(part > 0, 1 - (5294 + y * (0xFFE89D60 - y * 0x7C130FE0)) / 2**32, 1.0)
    value = np.floor(2**15 * np.exp(-(x // 2**15)) * np.exp(-(part // 2**11) / 16) * least)
    return np.where(x > 340695, 0, value).astype(np.int64)


def time_constant(decay: Float64Array) -> Int64Array:
    """Time constants, in units of 2^-15 steps, that the chip makes these decays of.

    Args:
        decay: share of the membrane kept each step `[N]`, multiples of 2^-15 from 0 to 1 - 2^-14;
            there is a time constant for each.

    >>> time_constant(np.array([0.5])) / 2**15
    array([1.44274902])
    """
    # a half more, because the chip rounds down; below one step fewer decays than values of x exist
    whole = np.clip(decay * 2**DECAY_BITS + 0.5, 2.0**-3, DECAYS[1] + 0.5)
    x = np.rint(-(2**15) * np.log(whole / 2**15)).astype(np.int64)[:, None]
    near, one = np.arange(-3, 4), 2 ** (2 * DECAY_BITS)
    tau = np.where(x < 2**DECAY_BITS, one // np.maximum(x + near, 1), one // x + near)
    missed = np.abs(decay_of(tau) - decay[:, None] * 2**DECAY_BITS)
    chosen: Int64Array = tau[np.arange(len(x)), missed.argmin(axis=1)]
    return chosen


def _not_quantizable(graph: "EventGraph") -> list[str]:
    """Parts of a retimed graph in float64 that the neuron has no form for, one line each."""
    lines = list(_too_late(graph))
    highest = DECAYS[1] / 2**DECAY_BITS
    for p in graph.of_kind(*NEURONS):
        if np.any((p.decay < 0) | (p.decay > highest)):
            lines.append(f"population {p.name!r} has decays outside 0 to {highest:.5f}")
        if p.reset != "zero":
            lines.append(
                f"population {p.name!r} has reset {p.reset!r}; the chip's neuron has 'zero' only: "
                "train with it, LIF(..., reset='zero') or axonal train digits --reset zero"
            )
    return lines


def whole_population(p: "Population", scale: float) -> "Population":
    """The population with the decays and thresholds that the chip has, membranes times scale."""
    decay = np.clip(np.rint(p.decay * 2**DECAY_BITS), *DECAYS) / 2**DECAY_BITS
    fields = {"decay": decay, "gain": 1 - decay}
    if p.kind == "lif":
        fields["threshold"] = np.minimum(np.ceil(scale * p.threshold * UNIT), LARGEST) / UNIT
    return replace(p, **fields)


def finest(p: "Population", inputs: Sequence[Input]) -> float:
    """The largest scale at which no membrane can leave s16.15, whatever arrives."""
    up, down = _sums(p, inputs)
    # half of the range is left for the finer scales that calibration tries
    bounds = [float((up + down).max(initial=0.0))]
    if p.kind == "lif":
        bounds.append(float(p.threshold.max()))
    return (LARGEST / UNIT) / 2 / max([*bounds, 2.0**-14])


def formats(p: "Population", inputs: Sequence[Input], share: float) -> list[Format]:
    """One exponent for a population, at which no buffer can saturate, whatever arrives.

    It costs as many of the 16 bits as a sum has more than its largest weight.
    """
    largest = max(float(s.max(initial=0.0)) for s in _sums(p, inputs))
    low, high = EXPONENTS
    exponent = max(low, int(np.ceil(np.log2(largest / WEIGHT)))) if largest else low
    # rounding may add up to more than was left
    whole = [x._replace(weight=np.rint(np.ldexp(x.weight, -exponent))) for x in inputs]
    exponent += max(float(s.max(initial=0.0)) for s in _sums(p, whole)) > WEIGHT
    return [Format(-WEIGHT, WEIGHT, 1, min(exponent, high))] * len(inputs)


def _sums(p: "Population", inputs: Sequence[Input]) -> tuple[Float64Array, Float64Array]:
    """Positive and negative weights of each neuron, added up apart `[N]`."""
    up, down = np.zeros(p.size), np.zeros(p.size)
    for x in inputs:
        up += np.bincount(x.post, np.maximum(x.weight, 0), minlength=p.size)
        down += np.bincount(x.post, np.maximum(-x.weight, 0), minlength=p.size)
    return up, down


def shift(exponent: int) -> int:
    """No bits on the way into a ring buffer: it is shifted when it is read."""
    return 0


def advance(
    v: Int64Array, u: Int64Array, arrived: Int64Array, cell: Cell
) -> tuple[Int64Array, Int64Array, int]:
    """Membranes after a step without reset, and how many values overflowed.

    Args:
        v: membranes `[B, N]`.
        u: currents, which this neuron does not have; they stay as they are `[B, N]`.
        arrived: what both buffers were given `[2, B, N]`, excitatory first.
        cell: E and shift - 15.

    Returns:
        the membranes, the currents, and how many buffers saturated and numbers wrapped.

    >>> cell = Cell(np.array([2**14]), np.array([0]), exponent=-15)
    >>> advance(np.array([[5]]), np.array([[0]]), np.array([[[10]], [[0]]]), cell)
    (array([[8]]), array([[0]]), 0)
    """
    held = np.minimum(arrived, WEIGHT)
    current = (held[0] - held[1]) << (cell.exponent + DECAY_BITS)
    gap = _wrapped(current - v)
    after = _wrapped(current - ((gap * cell.decay) >> DECAY_BITS))
    lost = np.count_nonzero(held != arrived)
    lost += np.count_nonzero(gap != current - v)
    return after, u, int(lost)


def _wrapped(x: Int64Array) -> Int64Array:
    return (x + 2**31) % 2**32 - 2**31


def unsupported(graph: "EventGraph") -> list[str]:
    """Parts of a graph without a form on the chip, one line each; see `Chip.unsupported`."""
    if graph.arithmetic == "float64":
        return _not_quantizable(graph)
    lines = [line for p in graph.of_kind(*NEURONS) for line in _population(graph, p)]
    lines += [line for q in graph.projections if q.size for line in _projection(q)]
    late = list(_too_late(graph))
    return lines + (late or list(_too_many(graph)))


def _too_many(graph: "EventGraph") -> Iterator[str]:
    needed = 0
    for p in graph.populations:
        needed += -(-p.size // neurons_a_core(longest_into(graph, p)))
    if needed > CORES:
        yield (
            f"the graph needs {needed} cores on spinnaker; a board has {CORES} for it: make "
            f"populations smaller, or delays shorter (up to 32 steps {CORE} neurons share a core, "
            "half as many each time that delays are twice as long)"
        )


def _population(graph: "EventGraph", p: "Population") -> Iterator[str]:
    where = f"population {p.name!r} on spinnaker"
    if p.reset != "zero":
        yield f"{where}: the neuron resets to zero"
    if p.bias.any():
        yield f"{where}: a bias has no place; retime(graph) makes it an always-on source"
    yield from _within(where, "decay · 2^15", p.decay * 2**DECAY_BITS, DECAYS)
    if np.any(p.gain != 1 - p.decay):
        yield f"{where}: its gain is 1 - decay on this chip; quantize puts another into the weights"
    if p.kind == "lif":
        yield from _within(where, "threshold · 2^15", p.threshold * UNIT, (1, LARGEST))
    if p.refractory > LARGEST // UNIT:
        yield f"{where}: {p.refractory} refractory steps, expected at most {LARGEST // UNIT}"
    if len({q.exponent for q in graph.projections_into(p.name) if q.size}) > 1:
        yield f"{where}: projections into one population have one exponent, its shift - 15"


def _too_late(graph: "EventGraph") -> Iterator[str]:
    for q in graph.projections:
        if q.size and q.delay.max() > DELAYS[1]:
            yield (
                f"projection {q.source} -> {q.target} has a delay of {q.delay.max()} steps; the "
                f"longest on spinnaker is {DELAYS[1]}"
            )


def _projection(q: "Projection") -> Iterator[str]:
    where = f"projection {q.source} -> {q.target} on spinnaker"
    yield from _within(where, "weight exponent", np.array([float(q.exponent)]), EXPONENTS)
    mantissa = np.ldexp(q.weight, -q.exponent)
    yield from _within(where, "weight", mantissa, (-WEIGHT, WEIGHT))
    if q.delay.min() < 1:
        yield f"{where}: a delay of {q.delay.min()} steps, expected at least 1: retime(graph)"


class SpiNNakerStep:
    """The arithmetic in torch: a ring buffer per sign, both saturate."""

    def buffers(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Positive weights, and negative ones without their sign."""
        return weight.clamp(min=0), weight.clamp(max=0).neg()

    def arriving(self, sums: Tensor) -> Tensor:
        """The sums as they are."""
        return sums

    def given(self, arrived: Tensor, exponent: int) -> Tensor:
        """Excitatory minus inhibitory input."""
        excitatory, inhibitory = arrived.clamp(max=WEIGHT * 2.0**exponent)
        difference: Tensor = excitatory - inhibitory
        return difference

    def current(self, u: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """Refused: its neuron has no current that decays, and `quantize` takes none that has."""
        raise NotImplementedError("the neuron of spinnaker has no current that decays")

    def membrane(self, v: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """The membrane on its way to the input."""
        return given - floored((given - v) * decay * UNIT) / UNIT


STEP = SpiNNakerStep()

_SPYNNAKER = "sPyNNaker 7.4.1 on its virtual board of 48 chips, measured"
_SPIN = "SpiNNMachine 7.4.1, version_spin1.py"
LIMITS = CoreLimits(
    "spinnaker",
    cores=CORES,
    neurons=CORE,
    memory=SDRAM // CHIP_CORES,
    neuron_bytes=8,
    synapse_bytes=4,
    longest_delay=DELAYS[1],
    slots=2**BUFFER_BITS,
    tile=CHIP_CORES,
    tile_memory=SDRAM,
    router_entries=ROUTER_ENTRIES,
    columns=8,
    sources={
        "cores": f"{_SPYNNAKER}: 856, of which 97 are kept for the system; 759 vertices of a core "
        "are mapped, 760 refused",
        "neurons": f"{_SPYNNAKER}: silently capped at 256",
        "memory": f"{_SPYNNAKER}: an equal part of the SDRAM of a chip",
        "tile_memory": f"{_SPYNNAKER}: SDRAM of a chip",
        "router_entries": f"{_SPYNNAKER}; its own keys and those of turns come on top",
        "neuron_bytes": "membrane and input, s16.15 each",
        "synapse_bytes": f"16 bits of weight, the rest delay, type and target; {PACKED}",
        "longest_delay": f"{_SPYNNAKER}: a core has slots for two neurons at least",
        "slots": f"{_SPYNNAKER}: 2^14 over neurons and two types of synapses; delays beyond them "
        "need a delay extension, which is refused here",
        "tile": f"{_SPYNNAKER}: 16 of 18 cores per chip, 15 on the 8 chips that have 17",
        "columns": "48 chips drawn as 8 x 6; the board is a hexagon of them",
        "kinds": "neuron_bytes is the state of IF_curr_delta, which has no current that decays",
    },
)


COSTS = (
    Cost("seconds of a core", 0.034, 0.034, 0.034, f"34 mW more when active, measured, {_SPIN}"),
    Cost(
        "seconds of a chip",
        0.35,
        0.35,
        26.84 / 48,
        f"low, typical: 0.35 W idle, {_SPIN}; high: 26.84 W of an idle board of 48, version_5.py",
    ),
    Cost("messages", 1.0 * NJ, 1.0 * NJ, 1.0 * NJ, f"40 bits of 25 pJ, {_SPIN}"),
)
COSTS_NOTE = (
    "Chips and cores are powered for as long as the network runs in real time; synaptic events and "
    "updates are part of an active core's power (45 pJ per event is published, PMC10326429 citing "
    "Stromatias 2013, and looks low)."
)
