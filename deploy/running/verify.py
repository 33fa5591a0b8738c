"""The proof: every back end against the golden run of the original network, cell by cell."""

from collections.abc import Iterator, Sequence

import numpy as np

from axonal._base.array_types import AnyArray, BoolArray
from axonal.deploy.backends import Backend, Support, find
from axonal.deploy.executor.process import BackendError
from axonal.deploy.executor.request import TIMEOUT, Probe, Request
from axonal.deploy.executor.run import Run
from axonal.deploy.graph import EventGraph, Golden, Projection
from axonal.deploy.kinds import SPIKING
from axonal.deploy.running.comparison import Comparison, in_words
from axonal.deploy.running.divergence import Divergence
from axonal.deploy.running.run import fitted, in_network_time
from axonal.deploy.running.verification import Verification


def verify(
    graph: EventGraph, backends: Sequence[str] = ("reference",), *, timeout: float = TIMEOUT
) -> Verification:
    """Run the golden inputs on back ends and compare what comes out with the golden run.

    Spikes of every population are compared cell by cell; readouts, and the numbers that graded
    spikes carry, to a tolerance of 1e-9 relative to their largest golden value (1e-5 where the
    arithmetic of a back end is coarser). Sums of graded events are not exact: a potential within
    rounding of its threshold may go the other way, which is then a mismatch of spikes.
    Nothing counts as passed that was not compared: a graph without golden run or without golden
    spikes fails, as does a missing back end. A back end that executes nothing (SpiNNaker's virtual
    board) maps the graph, and the weights and delays it reads back are compared to the last bit;
    it is no substitute for one that compares spikes. A back end whose hops take time runs the graph
    retimed, and each population is compared on the steps [L, L + T) of its latency L. The golden
    run of a quantised graph is that of the reference executor: other back ends prove it.

    Args:
        graph: a graph with a golden run.
        backends: names of back ends.
        timeout: seconds that a simulator may take before it is stopped, which counts as a failure.

    Returns:
        the findings; ``.passed`` says whether they are a proof.

    Raises:
        ValueError: a back end is unknown, or none was named.

    >>> from axonal.deploy import Golden, Population, Projection
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0], post=[0], weight=[1.0], delay=[0])
    >>> golden = Golden({"in": np.ones((3, 1, 1))}, {"out": np.ones((3, 1, 1), bool)}, {})
    >>> parts = (Population("in", "input", (1,)), cell), (wire,), ("out",)
    >>> print(verify(EventGraph(*parts, dt=0.001, golden=golden)))
    backend    population  what    cells  spikes  mismatches  deviation  first mismatch
    reference  out         spikes      3       3           0          -
    <BLANKLINE>
    passed: 3 spikes compared, 0 mismatches
    """
    if isinstance(backends, str):
        backends = (backends,)
    if not backends:
        raise ValueError("name at least one back end, such as ('reference',)")
    chosen = {name: find(name) for name in backends}
    golden = graph.golden
    if golden is None:
        return Verification((), ("the graph has no golden run to compare with",))
    comparisons: list[Comparison] = []
    failures: list[str] = []
    divergences: list[Divergence] = []
    for name, backend in chosen.items():
        timed, obstacle = _fit(graph, backend, golden)
        if obstacle is not None:
            failures.append(f"{name}: {obstacle}")
            continue
        try:
            result = in_network_time(timed, golden.inputs, backend, Request(timeout=timeout))
        except BackendError as error:
            failures.append(str(error))
            continue
        if not backend.support().executes:
            found = list(_loaded(name, timed, result))
            comparisons += found
            failures += [_unequal(c) for c in found if c.mismatches]
            continue
        found = _compare(graph.order, golden, name, result, backend.support())
        comparisons += found
        failures += [_difference(c) for c in found if c.mismatches]
        if not any(c.spikes for c in found):
            none = "the golden run has none" if timed.of_kind(*SPIKING) else "no population fires"
            failures.append(f"{name}: no spike was compared: {none}")
        try:
            divergences += _diverged(timed, golden, name, backend, found, timeout)
        except BackendError as error:
            failures.append(f"membranes were not shown: {error}")
    if comparisons and all(c.what in ("weights", "delays") for c in comparisons):
        failures.append(
            f"no spike was compared: {', '.join(chosen)} executes nothing; name a back end beside "
            "it that does, such as reference"
        )
    return Verification(tuple(comparisons), tuple(failures), tuple(divergences))


def _loaded(backend: str, graph: EventGraph, run: Run) -> Iterator[Comparison]:
    """Weights and delays that were read back, synapse by synapse."""
    for q, read in zip(graph.projections, run.written, strict=True):
        label, size = f"{q.source} -> {q.target}", max(q.size, read.size)
        (pre, post, weight, delay), columns = _ordered(q), _ordered(read)
        if read.size != q.size or np.any(pre != columns[0]) or np.any(post != columns[1]):
            yield Comparison(backend, label, "weights", size, None, size, None, None)
            continue
        for what, expected, values in (
            ("weights", weight, columns[2]),
            ("delays", delay, columns[3]),
        ):
            wrong = int(np.count_nonzero(~(values == expected)))
            off = float(np.abs(values - expected).max(initial=0.0))
            yield Comparison(backend, label, what, size, None, wrong, None, off)


def _ordered(q: Projection) -> list[AnyArray]:
    columns = [q.pre, q.post, q.weight, q.delay]
    order = np.lexsort((q.weight, q.delay, q.post, q.pre))
    return [column[order] for column in columns]


def _unequal(c: Comparison) -> str:
    return (
        f"{c.backend}: {c.what} of {c.population} that were read back differ in {c.mismatches} of "
        f"{c.cells} synapses"
    )


def _fit(graph: EventGraph, backend: Backend, golden: Golden) -> tuple[EventGraph, str | None]:
    missing = backend.missing()
    if missing is not None:
        return graph, f"not installed: {missing}"
    timed, lines = fitted(graph, backend, golden.inputs)
    return timed, f"cannot run this graph: {'; '.join(lines)}" if lines else None


def _diverged(
    graph: EventGraph,
    golden: Golden,
    name: str,
    backend: Backend,
    found: Sequence[Comparison],
    timeout: float,
) -> list[Divergence]:
    """Locate the first difference, and run its sample again up to there for the membranes."""
    wrong = [c for c in found if c.first is not None]
    if not wrong:
        return []
    earliest = min(wrong, key=lambda c: c.first[1] if c.first else 0)
    assert earliest.first is not None
    sample, step, neuron = earliest.first
    inputs = {k: x[: step + 1, sample : sample + 1] for k, x in golden.inputs.items()}
    request = Request(probe=Probe(earliest.population, 0, neuron), timeout=timeout)
    cell = graph.population(earliest.population)
    differing = in_network_time(graph, inputs, backend, request)
    parts = differing.extra.get("parts", [])
    resolution = next(filter(None, (part.get("probed_resolution") for part in parts)), None)
    return [
        Divergence(
            name,
            earliest.population,
            sample,
            step,
            neuron,
            _membranes(in_network_time(graph, inputs, find("reference"), request)),
            _membranes(differing),
            float(cell.threshold[neuron]) if cell.spiking else None,
            resolution,
        )
    ]


def _membranes(run: Run) -> tuple[float, float] | None:
    """Membrane of the probed neuron before and after the last step."""
    for v in run.membrane.values():
        return (float(v[-2]) if len(v) > 1 else 0.0, float(v[-1]))
    return None


def _compare(
    order: Sequence[str], golden: Golden, backend: str, run: Run, support: Support
) -> list[Comparison]:
    comparisons = []
    for name in order:
        if name in golden.spikes:
            raster = golden.spikes[name]
            wrong = run.raster(name) != raster
            spikes = int(np.count_nonzero(raster))
            comparisons.append(_comparison(backend, name, "spikes", wrong, spikes, None))
        for what, expected in (("payload", golden.payload), ("readout", golden.readout)):
            if name in expected:
                values = run.graded(name) if what == "payload" else run.readout[name]
                difference = np.abs(values - expected[name])
                scale = float(np.abs(expected[name]).max()) or 1.0
                # Written so that a value that is not a number is a mismatch.
                wrong = ~(difference <= support.readout_error * scale)
                deviation = float(difference.max())
                comparisons.append(_comparison(backend, name, what, wrong, None, deviation))
    return comparisons


def _comparison(
    backend: str,
    name: str,
    what: str,
    wrong: BoolArray,
    spikes: int | None,
    deviation: float | None,
) -> Comparison:
    mismatches = int(np.count_nonzero(wrong))
    first = None
    if mismatches:
        step, sample, neuron = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        first = (int(sample), int(step), int(neuron))
    return Comparison(backend, name, what, wrong.size, spikes, mismatches, first, deviation)


def _difference(c: Comparison) -> str:
    return (
        f"{c.backend}: {c.what} of {c.population!r} differ in {c.mismatches} of {c.cells} cells, "
        f"first at {in_words(c.first or (0, 0, 0))}"
    )
