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
import numpy.typing as npt

from axonal.deploy.chips._ranges import within

if TYPE_CHECKING:
    from axonal.deploy.chips import Cell, Format, Input
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

Integers = npt.NDArray[np.int64]


def weight_range(weight: npt.NDArray[np.float64]) -> tuple[tuple[int, int], int]:
    """Range and step of whole weights of these signs: of both signs, only even ones are stored.

    >>> weight_range(np.array([1.0, -3.0]))
    ((-256, 254), 2)
    """
    if weight.min(initial=0) >= 0:
        return EXCITATORY, 1
    if weight.max(initial=0) <= 0:
        return INHIBITORY, 1
    return MIXED, 2


def unfit(graph: "EventGraph") -> list[str]:
    """What of a retimed graph in float64 the neuron has no form for, one line each."""
    found = []
    for p in graph.of_kind(*NEURONS):
        if p.reset != "zero":
            found.append(
                f"population {p.name!r} has reset {p.reset!r}; the chip's neuron has 'zero' only: "
                "train with it, LIF(..., reset='zero') or axonal train digits --reset zero"
            )
        if p.refractory:
            found.append(f"population {p.name!r} is refractory; the chip's neuron is not")
        if np.any((p.decay < 0) | (p.decay > 1)):
            found.append(f"population {p.name!r} has decays outside 0 to 1")
        if np.any((p.synapse_decay < 0) | (p.synapse_decay > 1)):
            found.append(f"population {p.name!r} has decays of currents outside 0 to 1")
    longest = DELAYS[1]
    found += [
        f"projection {q.source} -> {q.target} has a delay of {q.delay.max()} steps; the longest is "
        f"{longest}"
        for q in graph.projections
        if q.size and q.delay.max() > longest
    ]
    return found


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


def finest(p: "Population", inputs: Sequence["Input"]) -> float:
    """The scale at which the smallest projection fills its bits, if the largest still fits."""
    largest = [float(np.abs(x.weight).max(initial=0.0)) for x in inputs]
    largest = [x for x in largest if x > 0]
    limit, high = MIXED[1], 2.0 ** EXPONENTS[1]
    scale = min(limit / min(largest), limit * high / max(largest)) if largest else 1.0
    if p.spiking:
        scale = min(scale, THRESHOLDS[1] / 2 / float(p.threshold.max()))
    return scale


def formats(p: "Population", inputs: Sequence["Input"], share: float) -> list["Format"]:
    """The smallest exponent of each projection at which the share of its largest weight fits."""
    return [_format(x.weight, share) for x in inputs]


def _format(weight: npt.NDArray[np.float64], share: float) -> "Format":
    from axonal.deploy.chips import Format

    (low, high), step = weight_range(weight)
    largest = float(np.abs(weight).max(initial=0.0)) * share
    top = max(high, -low) - (step - 1)
    exponent = math.ceil(math.log2(largest / top)) if largest else 0
    return Format(low, high, step, min(max(exponent, EXPONENTS[0]), EXPONENTS[1]))


def shift(exponent: int) -> int:
    """Bits by which summed mantissas are shifted on their way to a neuron."""
    return exponent


def advance(
    v: Integers, u: Integers, arrived: Integers, cell: "Cell"
) -> tuple[Integers, Integers, int]:
    """Membranes and currents after a step without reset, and how many values overflowed.

    Args:
        v: membranes `[B, N]`.
        u: currents `[B, N]`.
        arrived: a, the sum of shifted weights `[1, B, N]`.
        cell: 4096 - dv, the bias that is added at every step, and 4096 - (du + 1).

    Returns:
        the membranes, the currents, and how many currents wrapped and membranes were clipped.

    >>> from axonal.deploy.chips import Cell
    >>> cell = Cell(np.array([2048]), np.array([0]), exponent=0)
    >>> advance(np.array([[-3]]), np.array([[9]]), np.array([[[2]]]), cell)
    (array([[127]]), array([[128]]), 0)
    """
    given = _kept(u, cell.synapse) + arrived[0] * UNIT
    wrapped = np.where(given > LARGEST, given - 2 * LARGEST, given)
    wrapped = np.where(wrapped <= -LARGEST, given + 2 * LARGEST, wrapped)
    after = _kept(v, cell.decay) + wrapped + cell.bias
    clipped = np.clip(after, 1 - LARGEST, LARGEST - 1)
    lost = np.count_nonzero(given != wrapped) + np.count_nonzero(after != clipped)
    return clipped, wrapped, int(lost)


def _kept(values: Integers, share: Integers | int) -> Integers:
    """A share in units of 2^-DECAY_BITS, rounded towards zero."""
    product = values * share
    kept: Integers = np.sign(product) * (np.abs(product) >> DECAY_BITS)
    return kept


def problems(graph: "EventGraph") -> list[str]:
    """What of a quantised graph is outside the ranges, one line each."""
    found = [line for p in graph.of_kind(*NEURONS) for line in _population(p)]
    return found + [line for q in graph.projections if q.size for line in _projection(q)]


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
