"""Loihi 2 with its standard neuron, current-based or not: ranges and exact arithmetic.

With a the sum of what arrives, each projection's sum shifted by its exponent (a negative one rounds
down), and tz rounding towards zero,

    u = tz(u (4096 - (du + 1)) / 4096) + 64 a, wrapped into 24 bits
    v = clip(tz(v (4096 - dv) / 4096) + u + bias),    a spike where v > 64 vth, then v = 0

In a graph, decay = 1 - dv / 4096 and synapse_decay = 1 - (du + 1) / 4096; a neuron without a
current of its own has du = 4095, which keeps nothing. A bias joins the membrane, not the current.
A readout is a neuron at the highest vth, 2^17 - 1, and fires in the last 63 steps below 2^23.
Membranes, thresholds and weights are in units of a, so that u, v and biases are multiples of 1/64.

Sources: lava-nc 0.10.0, `lava.proc.lif` and `lava.proc.sparse` (bit-accurate models), against which
this was measured without a difference; the delay range is that of lava-dl's netx. How many kinds
of neurons, thresholds and synapses a core has room for is known of Loihi 1 only (32, 8 to 16 and 8
to 16, says nengo-loihi), and not checked here.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from axonal._base.array_types import Float64Array, Int64Array
from axonal.deploy.chips._chip import Cell, Format, Input
from axonal.deploy.chips._core_limits import PACKED, UNVERIFIED, CoreLimits
from axonal.deploy.chips._cost import PJ, Cost
from axonal.deploy.chips._ranges import within
from axonal.deploy.chips._straight_through import floored, truncated

if TYPE_CHECKING:
    from axonal.deploy.graph import EventGraph, Population, Projection

UNIT = 64
"""Steps of the membrane in one unit of weight."""
DECAY_BITS = 12
FIRES_AT = False
BUFFERS = 1
NEURONS = ("lif", "cuba", "integrator")
SINGLE = True
OVERFLOW = "in 24 bits currents wrap, membranes saturate, and a readout near their end is reset"
SHARES = (1.0, 0.85, 0.7, 0.55)
"""Of the largest weight, at which weights saturate."""
DECAYS = (0, 2**DECAY_BITS - 1)
"""Of dv and of du."""
THRESHOLDS = (0, 2**17 - 1)
READOUT = THRESHOLDS[1] * UNIT
BIASES = (-(2**12), 2**12 - 1)
"""Mantissa of a bias; its exponent is 0 here."""
EXPONENTS = (-8, 7)
DELAYS = (1, 63)
"""Hops: 0 to 62 steps of delay, and the step that any hop takes."""
LARGEST = 2**23
"""Currents wrap and membranes saturate here, in steps of the membrane."""
MIXED, EXCITATORY, INHIBITORY = (-256, 254), (0, 255), (-255, 0)

_within = partial(within, chip="loihi2")


def weight_range(weight: Float64Array) -> tuple[tuple[int, int], int]:
    """Range and step of whole weights of these signs: of both signs, only even ones are stored.

    >>> weight_range(np.array([1.0, -3.0]))
    ((-256, 254), 2)
    """
    if weight.min(initial=0) >= 0:
        return EXCITATORY, 1
    if weight.max(initial=0) <= 0:
        return INHIBITORY, 1
    return MIXED, 2


def _not_quantizable(graph: "EventGraph") -> list[str]:
    """Parts of a retimed graph in float64 that the neuron has no form for, one line each."""
    lines = []
    for p in graph.of_kind(*NEURONS):
        if p.reset != "zero":
            lines.append(
                f"population {p.name!r} has reset {p.reset!r}; the chip's neuron has 'zero' only: "
                "train with it, LIF(..., reset='zero') or axonal train digits --reset zero"
            )
        if p.refractory:
            lines.append(f"population {p.name!r} is refractory; the chip's neuron is not")
        if np.any((p.decay < 0) | (p.decay > 1)):
            lines.append(f"population {p.name!r} has decays outside 0 to 1")
        if np.any((p.synapse_decay < 0) | (p.synapse_decay > 1)):
            lines.append(f"population {p.name!r} has decays of currents outside 0 to 1")
    longest = DELAYS[1]
    lines += [
        f"projection {q.source} -> {q.target} has a delay of {q.delay.max()} steps; the longest is "
        f"{longest}"
        for q in graph.projections
        if q.size and q.delay.max() > longest
    ]
    return lines


def whole_population(p: "Population", scale: float) -> "Population":
    """The population with the decays and thresholds that the chip has, membranes times scale."""
    leak = np.clip(np.rint((1 - p.decay) * 2**DECAY_BITS), *DECAYS)
    fields = {"decay": 1 - leak / 2**DECAY_BITS, "gain": np.ones(p.size)}
    if p.kind == "cuba":
        kept = np.clip(np.rint((1 - p.synapse_decay) * 2**DECAY_BITS) - 1, *DECAYS)
        fields["synapse_decay"] = 1 - (kept + 1) / 2**DECAY_BITS
    if p.spiking:
        # v > threshold stands for v >= S threshold
        fields["threshold"] = np.clip(np.ceil(scale * p.threshold) - 1, *THRESHOLDS)
    return replace(p, **fields)


def finest(p: "Population", inputs: Sequence[Input]) -> float:
    """The scale at which the smallest projection fills its bits, if the largest still fits."""
    largest = [float(np.abs(x.weight).max(initial=0.0)) for x in inputs]
    largest = [x for x in largest if x > 0]
    limit, high = MIXED[1], 2.0 ** EXPONENTS[1]
    scale = min(limit / min(largest), limit * high / max(largest)) if largest else 1.0
    if p.spiking:
        scale = min(scale, THRESHOLDS[1] / 2 / float(p.threshold.max()))
    return scale


def formats(p: "Population", inputs: Sequence[Input], share: float) -> list[Format]:
    """The smallest exponent of each projection at which the share of its largest weight fits."""
    return [_format(x.weight, share) for x in inputs]


def _format(weight: Float64Array, share: float) -> Format:
    (low, high), step = weight_range(weight)
    largest = float(np.abs(weight).max(initial=0.0)) * share
    top = max(high, -low) - (step - 1)
    exponent = math.ceil(math.log2(largest / top)) if largest else 0
    return Format(low, high, step, min(max(exponent, EXPONENTS[0]), EXPONENTS[1]))


def shift(exponent: int) -> int:
    """Bits by which summed mantissas are shifted on their way to a neuron."""
    return exponent


def advance(
    v: Int64Array, u: Int64Array, arrived: Int64Array, cell: Cell
) -> tuple[Int64Array, Int64Array, int]:
    """Membranes and currents after a step without reset, and how many values overflowed.

    Args:
        v: membranes `[B, N]`.
        u: currents `[B, N]`.
        arrived: a, the sum of shifted weights `[1, B, N]`.
        cell: 4096 - dv, the bias that is added at every step, and 4096 - (du + 1).

    Returns:
        the membranes, the currents, and how many currents wrapped and membranes were clipped.

    >>> cell = Cell(np.array([2048]), np.array([0]), exponent=0)
    >>> advance(np.array([[-3]]), np.array([[9]]), np.array([[[2]]]), cell)
    (array([[127]]), array([[128]]), 0)
    """
    current = _kept(u, cell.synapse) + arrived[0] * UNIT
    wrapped = np.where(current > LARGEST, current - 2 * LARGEST, current)
    wrapped = np.where(wrapped <= -LARGEST, current + 2 * LARGEST, wrapped)
    after = _kept(v, cell.decay) + wrapped + cell.bias
    clipped = np.clip(after, 1 - LARGEST, LARGEST - 1)
    lost = np.count_nonzero(current != wrapped) + np.count_nonzero(after != clipped)
    return clipped, wrapped, int(lost)


def _kept(values: Int64Array, share: Int64Array | int) -> Int64Array:
    """A share in units of 2^-DECAY_BITS, rounded towards zero."""
    product = values * share
    kept: Int64Array = np.sign(product) * (np.abs(product) >> DECAY_BITS)
    return kept


def unsupported(graph: "EventGraph") -> list[str]:
    """Parts of a graph without a form on the chip, one line each; see `Chip.unsupported`."""
    if graph.arithmetic == "float64":
        return _not_quantizable(graph)
    lines = [line for p in graph.of_kind(*NEURONS) for line in _population(p)]
    return lines + [line for q in graph.projections if q.size for line in _projection(q)]


def _population(p: "Population") -> Iterator[str]:
    where = f"population {p.name!r} on loihi2"
    if p.reset != "zero" or p.refractory:
        yield f"{where}: the neuron resets to zero and is not refractory"
    if np.any(p.gain != 1):
        yield f"{where}: a gain has no place; quantize puts it into the weights"
    yield from _within(where, "dv = 4096 (1 - decay)", (1 - p.decay) * 2**DECAY_BITS, DECAYS)
    yield from _within(where, "bias mantissa (64 bias)", p.bias * UNIT, BIASES)
    if p.kind == "cuba":
        du = (1 - p.synapse_decay) * 2**DECAY_BITS - 1
        yield from _within(where, "du = 4096 (1 - synapse_decay) - 1", du, DECAYS)
        if p.bias.any():
            yield f"{where}: a bias joins the membrane there; retime makes it an always-on source"
    if p.spiking:
        yield from _within(where, "threshold mantissa", p.threshold, THRESHOLDS)


def _projection(q: "Projection") -> Iterator[str]:
    where = f"projection {q.source} -> {q.target} on loihi2"
    yield from _within(where, "weight exponent", np.array([float(q.exponent)]), EXPONENTS)
    yield from _within(where, "delay in steps, the hop included,", q.delay.astype(float), DELAYS)
    limits, step = weight_range(q.weight)
    mantissa = np.ldexp(q.weight, -q.exponent)
    yield from _within(where, f"weight (of {_signs(limits)})", mantissa, limits)
    pairs = q.pre.astype(np.int64) * (int(q.post.max()) + 1) + q.post
    if q.exponent < 0 and len(np.unique(pairs)) < q.size:
        yield (
            f"{where}: with a negative exponent every projection holds one synapse of each pair of "
            "neurons; put further ones into projections of their own"
        )
    if step == 2 and np.any(mantissa % 2 == 1):
        yield f"{where}: weights of both signs are even, got {mantissa[np.argmax(mantissa % 2)]:g}"


def _signs(limits: tuple[int, int]) -> str:
    return {MIXED: "both signs", EXCITATORY: "one sign", INHIBITORY: "one sign"}[limits]


class Loihi2Step:
    """The arithmetic in torch: one sum, each part of it rounded down."""

    def buffers(self, weight: Tensor) -> tuple[Tensor, ...]:
        """Everything in one."""
        return (weight,)

    def arriving(self, sums: Tensor) -> Tensor:
        """Whole sums."""
        return floored(sums)

    def given(self, arrived: Tensor, exponent: int) -> Tensor:
        """The sum."""
        return arrived[0]

    def current(self, u: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """The decayed current, rounded towards zero, and the sum."""
        return truncated(u * UNIT * decay) / UNIT + given

    def membrane(self, v: Tensor, given: Tensor, decay: Tensor) -> Tensor:
        """The decayed membrane, rounded towards zero, and the input."""
        h = truncated(v * UNIT * decay) + given * UNIT
        return torch.clamp(h, 1 - LARGEST, LARGEST - 1) / UNIT


STEP = Loihi2Step()

_INTEL = (
    "Intel Labs, Taking Neuromorphic Computing to the Next Level with Loihi 2 (2021), from memory "
    f"and {UNVERIFIED}"
)
_DAVIES = f"M. Davies et al., IEEE Micro 38 (2018), for Loihi 1, from memory and {UNVERIFIED}"
_DAVIES_2 = f"M. Davies et al., IEEE Micro 38 (2018), from memory and {UNVERIFIED}"
_OPEN = f"open-neuromorphic.org, not a primary source and {UNVERIFIED}"
_LAVA = "lava-nc 0.10.0, measured"
_SANAFE = "SANA-FE 2.2.9, loihi.yaml, after Davies 2018"
_TABLE = "table 3 of PMC10326429, citing Davies 2018"
LIMITS = CoreLimits(
    "loihi2",
    cores=120,
    neurons=8192,
    memory=192 * 1024,
    neuron_bytes=6,
    synapse_bytes=4,
    axons_in=4096,
    axons_out=4096,
    longest_delay=DELAYS[1],
    tile=4,
    columns=8,
    kinds=("lif", "cuba", "integrator"),
    sources={
        "cores": f"{_OPEN}: 120 to 128",
        "neurons": f"{_OPEN}: about 8000 per core, a million per chip",
        "memory": f"{_INTEL}: 192 KB per core, shared by neurons and synapses",
        "neuron_bytes": f"current and membrane of 24 bits each, {_LAVA}",
        "synapse_bytes": f"8 bits of weight, 6 of delay, 13 of target; {PACKED}",
        "axons_in": f"{_DAVIES}; none is known for Loihi 2",
        "axons_out": f"{_DAVIES}; none is known for Loihi 2",
        "longest_delay": f"{_LAVA}: delays of 0 to 62 and the step of the hop",
        "tile": "SANA-FE 2.2.9, loihi.yaml, which is Loihi 1",
        "columns": "SANA-FE 2.2.9, loihi.yaml, which is Loihi 1",
        "kinds": f"a current that decays is among the states of the neuron, {_LAVA}",
    },
)
COSTS = (
    Cost(
        "synaptic events",
        23.6 * PJ,
        33.6 * PJ,
        35.5 * PJ,
        f"low: {_TABLE}; typical, high: sparse and dense synapses, {_SANAFE}",
    ),
    Cost(
        "neuron updates",
        51.2 * PJ,
        72.8 * PJ,
        81.0 * PJ,
        f"low: access, a neuron at rest, typical: access and update, {_SANAFE}; high: an active "
        f"neuron, {_DAVIES_2}",
    ),
    Cost(
        "spikes",
        0.0,
        69.3 * PJ,
        69.3 * PJ,
        f"low: held to be part of the update; typical, high: {_SANAFE}",
    ),
    Cost(
        "messages",
        1.7 * PJ,
        111.0 * PJ,
        111.0 * PJ,
        f"low: within a tile, {_DAVIES_2}; typical, high: axon out, {_SANAFE}",
    ),
    Cost("hops", 3.0 * PJ, 3.6 * PJ, 4.2 * PJ, f"low, high: along rows and columns, {_SANAFE}"),
)
COSTS_NOTE = (
    "Constants of Loihi 1 (14 nm): none is published for an operation of Loihi 2. Static power, "
    "the x86 cores and input and output are left out."
)
