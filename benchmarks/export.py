"""Saving and loading an event graph: seconds, and bytes a synapse, beside plain numpy."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from axonal.deploy import EventGraph, Population, Projection
from benchmarks._measure import ROUNDS, Table

SYNAPSES, NEURONS, QUICK = 10_000_000, 100_000, 100
CASES = {"8-bit weights": 2**7, "20-bit weights": 2**19, "52-bit weights": 2**51}
HEADER = ["case", "implementation", "save (s)", "load (s)", "bytes a synapse"]


def network(synapses: int, neurons: int, grid: int) -> EventGraph:
    """Random synapses with delays of 1 to 15 steps, in no order, and weights on a grid."""
    r = np.random.default_rng(0)
    pre, post = (r.integers(0, neurons, synapses, dtype=np.int32) for _ in range(2))
    weight, delay = r.integers(-grid, grid, synapses) / grid, r.integers(1, 16, synapses)
    cell = Population("x", "lif", (neurons,), decay=0.9, gain=1, bias=0, threshold=1)
    wires = Projection("x", "x", pre, post, weight, delay)
    return EventGraph((Population("in", "input", (1,)), cell), (wires,), ("x",), dt=1e-3)


def savez(graph: EventGraph, file: Path) -> None:
    """What one writes first: the arrays as they are."""
    q = graph.projections[0]
    with file.open("wb") as stream:
        np.savez(stream, pre=q.pre, post=q.post, weight=q.weight, delay=q.delay)


def loadz(file: Path) -> None:
    """Read all arrays."""
    with np.load(file) as arrays:
        for name in arrays.files:
            arrays[name]


def timed(work: Callable[[], object]) -> float:
    """Seconds by the wall, because files are waited for."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(peers: set[str], *, quick: bool) -> Table:
    """Save and load in turn, three rounds."""
    table = Table(HEADER)
    shrink = QUICK if quick else 1
    for name, grid in CASES.items():
        graph = network(SYNAPSES // shrink, NEURONS // shrink, grid)
        case = f"{graph.projections[0].size} synapses, {name}"
        ways = {"axonal": (graph.save, EventGraph.load), "numpy.savez": (None, loadz)}
        taken: dict[str, list[list[float]]] = {way: [[], []] for way in ways}
        size = {}
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(ROUNDS):
                for way, (save, load) in ways.items():
                    file = Path(folder, way)
                    write = save or (lambda file, graph=graph: savez(graph, file))
                    taken[way][0].append(timed(lambda write=write, file=file: write(file)))
                    taken[way][1].append(timed(lambda load=load, file=file: load(file)))
                    size[way] = file.stat().st_size / graph.projections[0].size
        ours = min(taken["axonal"][0])
        for way, (saved, loaded) in taken.items():
            rounds = [" ".join(f"{seconds:.2f}" for seconds in part) for part in (saved, loaded)]
            table.add([case, way, *rounds, f"{size[way]:.2f}"])
            table.json.append(
                {
                    "case": case,
                    "implementation": way,
                    "median_s": min(saved),
                    "rounds_s": saved,
                    "load_rounds_s": loaded,
                    "ratio": min(saved) / ours,
                    "share_of_bandwidth": None,
                    "bytes_a_synapse": size[way],
                }
            )
    table.remarks.append(
        "Times are those of the wall, the file on disk included. Ours is checked when it is read, "
        "checksums and every index; numpy's is not."
    )
    return table
