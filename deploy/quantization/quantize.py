"""From trained weights to the whole numbers of a chip, calibrated on the golden inputs."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array
from axonal._base.tables import text_table
from axonal.deploy import chips
from axonal.deploy.backends import find
from axonal.deploy.chips import Chip, Format, Input
from axonal.deploy.executor.request import Request
from axonal.deploy.executor.run import Run
from axonal.deploy.graph import EventGraph, Golden, Projection
from axonal.deploy.graph.retiming import retime
from axonal.deploy.kinds import NEURONS
from axonal.deploy.running.run import RangeWarning, in_network_time

FINER = (1.0, 2**0.25, 2**0.5, 2**0.75)
"""Scales that are tried, as factors of the one at which the smallest weights fill their bits."""


class QuantizeError(ValueError):
    """A graph that a chip has no form for; the message lists every reason by name."""


@dataclass(frozen=True)
class Choice:
    """Quantisation of one population: membranes times scale, weights cut at a share, shifted."""

    scale: float
    share: float = 1.0
    shifts: bool = True


def quantize(graph: EventGraph, chip: str = "loihi2", *, shifts: bool = True) -> EventGraph:
    """Quantise a graph for a chip: whole weights, thresholds and decays, in the chip's arithmetic.

    The graph is retimed for hops of one step. Each population gets a scale S, each projection an
    exponent e, and for Loihi 2

        weight -> 2^e round(S gain weight / 2^e),  threshold -> ceil(S threshold) - 1,
        decay -> 1 - round(4096 (1 - decay)) / 4096

    within the ranges of the chip; for SpiNNaker, where a neuron takes 1 - decay of its input,

        decay -> round(2^15 decay) / 2^15,  threshold -> ceil(2^15 S threshold) / 2^15,
        weight -> 2^e round(S gain weight / (1 - decay) / 2^e)

    with one e for each population, at which its 16-bit buffers hold whatever can arrive. S, and on
    Loihi 2 the share of the largest weight at which weights saturate, are those of a small grid at
    which the population's spikes (or readout) on the golden inputs differ least from the golden run
    without an overflow; populations are calibrated in the order of their updates.

    Args:
        graph: an exported graph with a golden run.
        chip: one of `axonal.deploy.chips.names()`, such as "loihi2".
        shifts: let exponents differ from 0. Without them, on Loihi 2, `to_netx` writes the graph.

    Returns:
        a graph that runs in the chip's integers on "reference", for Loihi 2 also on "lava", and
        that "spinnaker" maps. Its golden run is that of the integer executor on the same inputs;
        ``info["quantization"]`` says per layer what saturated, what rounding changed and how many
        golden cells differ from the float network (`quantization_table` shows it). Readouts are in
        units of weights, S times the original.

    Raises:
        QuantizeError: populations or delays that the chip has no form for, all of them listed.
        RetimeError: a loop that one-step hops cannot run.
        ValueError: the chip is unknown, or has no weights without exponents; the graph is quantised
            already or has no golden run.

    >>> from axonal.deploy import Golden, Population, Projection
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0], post=[0], weight=[0.4], delay=[0])
    >>> golden = Golden({"in": np.ones((3, 1, 1))}, {"out": np.zeros((3, 1, 1), bool)}, {})
    >>> graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), 1e-3,
    ...                    golden=golden)
    >>> whole = quantize(graph, "loihi2")
    >>> whole.projections[0].weight.item(), whole.population("out").threshold.item()
    (254.0, 634.0)
    """
    goal = chips.find(chip)
    if not shifts and goal.BUFFERS > 1:
        raise ValueError(f"quantize expects shifts=True for {chip}, whose buffers are shifted")
    if graph.arithmetic != "float64":
        raise ValueError(f"the graph is quantised for {graph.arithmetic} already")
    if graph.golden is None:
        raise ValueError("quantize calibrates on the golden run, and the graph has none")
    timed = ready(graph, goal)
    lines = [*chips.unsupported(goal, timed), *_unsupported(timed, graph.golden)]
    if lines:
        raise QuantizeError(f"the graph cannot be quantised for {chip}: {'; '.join(lines)}")
    choices = {
        p.name: Choice(goal.finest(p, _inputs(timed, goal, p.name)), shifts=shifts)
        for p in timed.of_kind(*NEURONS)
    }
    for name in timed.order:
        if name in choices:
            choices[name] = _calibrated(timed, graph.golden, chip, choices, name)
    result = finished(timed, graph.golden, choices, *whole_graph(timed, chip, choices))
    for line in result.info["quantization"]["warnings"]:
        warnings.warn(line, RangeWarning, stacklevel=2)
    return result


def ready(graph: EventGraph, chip: Chip) -> EventGraph:
    """Graph as it is quantised: retimed, with one synapse per pair where the chip needs it."""
    timed = retime(graph, max(graph.hop, 1))
    return _single(timed) if chip.SINGLE else timed


def finished(
    exact: EventGraph,
    golden: Golden,
    choices: Mapping[str, Choice],
    whole: EventGraph,
    rows: list[dict[str, Any]],
) -> EventGraph:
    """A graph in whole numbers with a golden run of its own and the report."""
    result = _run(whole, golden)
    populations: list[dict[str, Any]] = [
        {
            "population": p.name,
            "scale": choices[p.name].scale,
            "share": choices[p.name].share,
            "shifts": choices[p.name].shifts,
            "decay_error": float(np.abs(p.decay - exact.population(p.name).decay).max()),
            **_differences(golden, result, p.name, choices[p.name].scale),
        }
        for p in whole.of_kind(*NEURONS)
    ]
    report = {
        "chip": whole.arithmetic,
        "golden": "of the integer executor on the inputs of the network's golden run",
        "overflows": sum(result.extra["overflows"].values()),
        "warnings": [*result.warnings, *_ruined(populations)],
        "populations": populations,
        "projections": rows,
    }
    golden_of_chip = Golden(
        golden.inputs,
        {name: result.raster(name) for name in result.spikes},
        {name: v for name, v in result.readout.items() if name in whole.outputs},
        golden.seed,
    )
    return replace(whole, golden=golden_of_chip, info={**exact.info, "quantization": report})


def _ruined(populations: list[dict[str, Any]]) -> Iterator[str]:
    """Name populations that differ too much from the float network."""
    for p in populations:
        if p["difference"] > p.get("spikes", 1) / 2:
            if "spikes" in p:
                change = (
                    f"{p['difference']} cells differ for {p['spikes']} spikes of the float network"
                )
            else:
                change = f"the readout is off by {p['difference']:.0%} of its size"
            yield f"population {p['population']!r} is not what it was: {change}"


def quantization_table(graph: EventGraph) -> str:
    """Table of the changes that `quantize` made to each population and projection.

    Args:
        graph: a quantised graph.

    Returns:
        two tables: cells of the golden run that differ from the float network, and weights that
        saturated or were rounded; then what overflowed on the golden run, if anything did.

    Raises:
        ValueError: the graph is not quantised.

    >>> from axonal.deploy import example
    >>> quantization_table(example())
    Traceback (most recent call last):
    ValueError: the graph is not quantised: make it with quantize(graph, 'loihi2')
    """
    report = graph.info.get("quantization")
    if report is None:
        raise ValueError("the graph is not quantised: make it with quantize(graph, 'loihi2')")
    parts = []
    for part in ("populations", "projections"):
        rows: list[dict[str, Any]] = report[part]
        head = list(dict.fromkeys(key for row in rows for key in row))
        parts.append(text_table(head, [[row.get(key) for key in head] for row in rows]))
    return "\n\n".join([*parts, *report.get("warnings", [])])


def _unsupported(graph: EventGraph, golden: Golden) -> Iterator[str]:
    for p in graph.of_kind(*NEURONS):
        if np.any(p.gain <= 0) or (p.spiking and np.any(p.threshold <= 0)):
            yield f"population {p.name!r} has gains or thresholds that are not above 0"
        if p.bias.any():
            yield f"population {p.name!r} has a bias: retime(graph) makes it an always-on source"
    for name, x in golden.inputs.items():
        if np.any((x != 0) & (x != 1)):
            yield f"input {name!r} has events of other values than 1"


def _single(graph: EventGraph) -> EventGraph:
    """Split projections until none has two synapses between the same neurons."""
    parts: list[Projection] = []
    for q in graph.projections:
        key = q.pre.astype(np.int64) * graph.population(q.target).size + q.post
        order = np.argsort(key, kind="stable")
        nth = np.empty(q.size, np.int64)
        nth[order] = np.arange(q.size) - np.searchsorted(key[order], key[order])
        parts += [_part(q, nth == k) for k in range(nth.max(initial=-1) + 1)]
    return replace(graph, projections=tuple(parts))


def _part(q: Projection, kept: BoolArray) -> Projection:
    fields = {name: getattr(q, name)[kept] for name in ("pre", "post", "weight", "delay")}
    return replace(q, **fields)


def scaled(graph: EventGraph, chip: Chip, q: Projection) -> Float64Array:
    """Weights as the chip's neuron takes them, at a scale of 1 `[S]`."""
    p = graph.population(q.target)
    factor = p.gain / chip.whole_population(p, 1.0).gain
    return np.asarray(q.weight * factor[q.post])


def _inputs(graph: EventGraph, chip: Chip, name: str) -> list[Input]:
    return [Input(scaled(graph, chip, q), q.post) for q in graph.projections_into(name)]


def _calibrated(
    graph: EventGraph, golden: Golden, chip: str, choices: Mapping[str, Choice], name: str
) -> Choice:
    """Choice of one population nearest to the golden run, the others as they are."""
    first, shares, shifts = choices[name].scale, chips.find(chip).SHARES, choices[name].shifts
    while True:
        tried = {}
        for choice in (Choice(first * finer, share, shifts) for share in shares for finer in FINER):
            whole, _ = whole_graph(graph, chip, {**choices, name: choice})
            result = _run(whole, golden)
            # overflows of other populations are repaired by their own calibration, and must not
            # make this one so small that it falls silent
            if not result.extra["overflows"][name]:
                tried[choice] = _differences(golden, result, name, choice.scale)["difference"]
        if tried:
            return min(tried, key=tried.__getitem__)
        first /= 2


def _run(graph: EventGraph, golden: Golden) -> Run:
    return in_network_time(graph, golden.inputs, find("reference"), Request())


def _differences(golden: Golden, result: Run, name: str, scale: float) -> dict[str, Any]:
    """Distance of a population from the golden run of the float network."""
    if name in golden.spikes:
        wrong = int(np.count_nonzero(result.raster(name) != golden.spikes[name]))
        spikes = int(np.count_nonzero(golden.spikes[name]))
        return {"spikes": spikes, "difference": wrong}
    if name not in golden.readout:
        return {"difference": 0}
    error = np.sqrt(np.mean((result.readout[name] / scale - golden.readout[name]) ** 2))
    size = float(np.sqrt(np.mean(golden.readout[name] ** 2))) or 1.0
    return {"difference": float(error) / size}


def whole_graph(
    graph: EventGraph, chip: str, choices: Mapping[str, Choice]
) -> tuple[EventGraph, list[dict[str, Any]]]:
    """Graph in whole numbers, and the report on each projection."""
    goal = chips.find(chip)
    populations = [
        goal.whole_population(p, choices[p.name].scale) if p.name in choices else p
        for p in graph.populations
    ]
    projections, rows = [], []
    for q, exact, form in stored(graph, goal, choices):
        wire, row = whole_projection(q, exact, form)
        projections.append(wire)
        rows.append(row)
    whole = replace(
        graph,
        populations=tuple(populations),
        projections=tuple(projections),
        arithmetic=chip,
        golden=None,
    )
    return whole, rows


def stored(
    graph: EventGraph, chip: Chip, choices: Mapping[str, Choice]
) -> Iterator[tuple[Projection, Float64Array, Format]]:
    """Every projection, its weights at the scale of its population, and how they are stored."""
    kept: dict[str, list[tuple[Float64Array, Format]]] = {}
    for p in graph.of_kind(*NEURONS):
        choice = choices[p.name]
        inputs = [Input(x.weight * choice.scale, x.post) for x in _inputs(graph, chip, p.name)]
        forms = chip.formats(p, inputs, choice.share)
        if not choice.shifts:
            forms = [form._replace(exponent=0) for form in forms]
        kept[p.name] = [(x.weight, form) for x, form in zip(inputs, forms, strict=True)]
    for q in graph.projections:
        yield q, *kept[q.target].pop(0)


def whole_projection(
    q: Projection, exact: Float64Array, form: Format
) -> tuple[Projection, dict[str, Any]]:
    """Projection in whole numbers, and the report on its weights."""
    low, high, step, exponent = form
    mantissa = step * np.rint(np.ldexp(exact, -exponent) / step)
    cut = np.clip(mantissa, low, high)
    kept = cut != 0
    whole = replace(_part(q, kept), weight=np.ldexp(cut[kept], exponent), exponent=exponent)
    size = float(np.sqrt(np.mean(exact**2))) if q.size else 0.0
    error = float(np.sqrt(np.mean((np.ldexp(cut, exponent) - exact) ** 2))) if q.size else 0.0
    row = {
        "projection": f"{q.source} -> {q.target}",
        "synapses": q.size,
        "exponent": exponent,
        "saturated": int(np.count_nonzero(mantissa != cut)),
        "rounded to zero": int(np.count_nonzero(~kept & (exact != 0))),
        "error": error / size if size else 0.0,
    }
    return whole, row
