"""Placing clustered networks: seconds, and spikes between cores beside other placements."""

import time

import numpy as np
import numpy.typing as npt

from axonal import deploy
from axonal.deploy import EventGraph, Golden, Placement, Population, Projection
from axonal.deploy.placement.mesh import sent
from axonal.deploy.placement.traffic import Traffic
from benchmarks._measure import Table

STEPS, SEEDS, QUICK = 50, 5, 20
CASES = (  # chip, neurons, clusters, synapses a neuron
    ("spinnaker", 1000, 10, 10),
    ("spinnaker", 10_000, 50, 100),
    ("loihi2", 10_000, 50, 100),
)
INSIDE = 0.8
"""Share of the synapses that stay within their cluster."""
HEADER = ["case", "implementation", "seconds", "cores", "spikes between cores, of random"]


def network(neurons: int, clusters: int, fan: int, seed: int) -> EventGraph:
    """Shuffled clusters, whose neurons fire at rates of their own."""
    r = np.random.default_rng(seed)
    members = r.permutation(neurons).reshape(clusters, -1)
    own = np.empty(neurons, int)
    own[members] = np.arange(clusters)[:, None]
    pre = np.repeat(np.arange(neurons), fan)
    near = members[own[pre], r.integers(0, neurons // clusters, len(pre))]
    post = np.where(r.random(len(pre)) < INSIDE, near, r.integers(0, neurons, len(pre)))
    cell = Population("x", "lif", (neurons,), decay=0.9, gain=1, bias=0, threshold=1)
    wire = Projection("x", "x", pre, post, np.ones(len(pre)), np.ones(len(pre), int))
    raster = r.random((STEPS, 1, neurons)) < r.gamma(1, 0.05, neurons)
    golden = Golden({"in": np.zeros((STEPS, 1, 1))}, {"x": raster}, {}, seed)
    parts = (Population("in", "input", (1,)), cell)
    return EventGraph(parts, (wire,), ("x",), dt=1e-3, golden=golden, hop=1)


def in_order(placed: Placement) -> int:
    """Spikes between cores if neurons filled them one after another, as mappers do by default."""
    where: npt.NDArray[np.int64] = np.sort(placed.core["x"])
    table = sent(Traffic.of(placed.graph), where, len(placed.sent))
    return int(table.sum() - table.trace())


def run(peers: set[str], *, quick: bool) -> Table:
    """Place every case with five seeds; the clusters are drawn anew for each."""
    table = Table(HEADER)
    deploy.place(network(100, 10, 5, 0), "spinnaker")  # compiles or loads the kernels
    for chip, neurons, clusters, fan in CASES:
        shrink = QUICK if quick else 1
        case = f"{chip}, {neurons // shrink} neurons, {neurons * fan // shrink**2} synapses"
        seconds, cores, shares, ordered = [], [], [], []
        for seed in range(SEEDS):
            graph = network(neurons // shrink, max(clusters // shrink, 1), fan // shrink, seed)
            start = time.thread_time()
            placed = deploy.place(graph, chip, seed=seed)
            seconds.append(time.thread_time() - start)
            cores.append(placed.cores_used)
            random = placed.random_spikes or 1.0
            shares.append(placed.cross_core_spikes / random)
            ordered.append(in_order(placed) / random)
        for name, found in (("axonal", shares), ("in the order of the graph", ordered)):
            own = name == "axonal"
            taken = f"{np.median(seconds):.2f}" if own else ""
            ratio = f"{np.mean(found):.3f} ± {np.std(found, ddof=1):.3f}"
            table.add([case, name, taken, f"{min(cores)}..{max(cores)}" if own else "", ratio])
            table.json.append(
                {
                    "case": case,
                    "implementation": name,
                    "median_s": float(np.median(seconds)) if own else None,
                    "rounds_s": seconds if own else [],
                    "ratio": float(np.mean(found)),
                    "share_of_bandwidth": None,
                }
            )
    table.remarks.append(
        f"Clusters keep {INSIDE:.0%} of their synapses. Mean and deviation over {SEEDS} networks; "
        "seconds are the median, of one thread, the count of three random placements among them."
    )
    return table
