"""The reference executor beside NEST and Brian 2, how its cost grows, and how much it can hold."""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal import deploy
from axonal.deploy import EventGraph, Population, Projection, Run
from axonal.deploy.backends import find
from axonal.deploy.executor.float_executor import Executor, footprint
from benchmarks._measure import ROUNDS, Table, bandwidth, interleaved
from benchmarks.growth import exponent

STEPS, LONGEST = 300, 15
SOURCES, RATE = 100, 0.1  # outside sources, and how often each sends
FEED = 10  # of them reach a neuron
NEURONS, FAN = 10_000, 90  # with the synapses from outside 10^6
FANS = (10, 30, 100, 300, 1000)
SIZES = (1000, 3000, 10_000, 30_000, 100_000)
LARGE = (1_000_000, 90)
SYNAPSE_BYTES = 8  # place and weight: what an event cannot do without
BACKENDS = {"nest": "nest", "brian2": "brian2_cython"}
HEADER = [
    "case",
    "implementation",
    "build (s)",
    "run, rounds (ms)",
    "its time over ours",
    "ns a synaptic event",
    "of bandwidth",
    "agreement",
]


def network(neurons: int, fan: int, seed: int = 0) -> EventGraph:
    """Neurons with delays of 1 to 15 steps that inhibit each other, driven from outside."""
    r = np.random.default_rng(seed)
    size = neurons * fan
    weight = r.integers(-112, 64, size, dtype=np.int16) * np.float32(1 / 1024 * 90 / fan)
    weight = np.rint(weight * 2**14) / 2**14
    loop = Projection(
        "x",
        "x",
        pre=np.repeat(np.arange(neurons, dtype=np.int32), fan),
        post=r.integers(0, neurons, size, dtype=np.int32),
        weight=weight,
        delay=r.integers(1, LONGEST + 1, size, dtype=np.uint8),
    )
    size = neurons * FEED
    feed = Projection(
        "in",
        "x",
        pre=np.arange(size) % SOURCES,
        post=np.repeat(np.arange(neurons), FEED),
        weight=r.integers(100, 280, size) / 1024,
        delay=r.integers(1, LONGEST + 1, size, dtype=np.uint8),
    )
    cell = Population("x", "lif", (neurons,), decay=0.9, gain=1, bias=0, threshold=1)
    outside = Population("in", "input", (SOURCES,))
    return EventGraph((outside, cell), (loop, feed), ("x",), dt=1e-3)


def drive(steps: int = STEPS) -> npt.NDArray[np.float64]:
    """What the outside sources send `[T, 1, SOURCES]`."""
    r = np.random.default_rng(1)
    return (r.random((steps, 1, SOURCES)) < RATE).astype(np.float64)


def run(peers: set[str], *, quick: bool) -> Table:
    """Compare with the simulators, then grow, then fill the memory."""
    table = Table(HEADER)
    speed = bandwidth()
    compare(table, peers, *((500, 18) if quick else (NEURONS, FAN)), speed)
    shrink = 10 if quick else 1
    growth(table, "synapses a neuron", [(NEURONS // shrink, fan // shrink) for fan in FANS])
    growth(table, "neurons", [(size // shrink, FAN // shrink) for size in SIZES])
    large(table, LARGE[0] // (100 if quick else 1), LARGE[1], speed)
    table.remarks.append(
        f"`torch.add` moved {speed / 1e9:.1f} GB/s in the same run; a synaptic event moves at "
        f"least {SYNAPSE_BYTES} bytes. All times are those of one thread. A simulator is timed "
        "from its first step to its last, in a process of its own that is made anew each round; "
        "its build is everything before."
    )
    return table


def compare(table: Table, peers: set[str], neurons: int, fan: int, speed: float) -> None:
    """One network, every implementation; spikes are compared before anything is timed."""
    graph, x = network(neurons, fan), drive()
    case = f"{neurons} neurons, {sum(q.size for q in graph.projections)} synapses, {STEPS} steps"
    backends = {name: BACKENDS[name] for name in sorted(peers)}
    for name, backend in list(backends.items()):
        command = find(backend).missing()
        if command is not None:
            print(f"without {name}: {command}", flush=True)
            del backends[name]
    start = time.thread_time()
    executor = Executor(graph)
    build = {"axonal": [time.thread_time() - start]}
    expected = executor.run({"in": x})
    raster = expected.raster("x")
    spikes = int(raster.sum())
    agrees = {"axonal": f"{spikes} spikes ({100 * raster.mean():.1f} % of cells)"}
    for name, backend in backends.items():
        found = deploy.run(graph, x, backend=backend)  # compiles what is not in its cache yet
        different = int((found.raster("x") != raster).sum())
        if different or not spikes:
            raise SystemExit(f"{name} differs from axonal in {different} of {raster.size} cells.")
        agrees[name] = f"0 of {raster.size} cells differ"
    times: dict[str, list[float]] = {name: [] for name in agrees}
    for _ in range(ROUNDS):
        times["axonal"].append(interleaved({"run": lambda: executor.run({"in": x})})["run"].best)
        for name, backend in backends.items():
            seconds, before = simulator_seconds(deploy.run(graph, x, backend=backend))
            times[name].append(seconds)
            build.setdefault(name, []).append(before)
    events = expected.synaptic_events or 0
    ours = min(times["axonal"])
    for name, taken in times.items():
        best = min(taken)
        share = events * SYNAPSE_BYTES / best / speed
        add(table, case, name, statistics.median(build[name]), taken, best / ours,
            best / events, share, agrees[name], events=events)  # fmt: skip


def simulator_seconds(found: Run) -> tuple[float, float]:
    """What a simulator took from its first step on, and before."""
    seconds = sum(part["run_seconds"] for part in found.extra["parts"])
    return seconds, found.extra["seconds"] - seconds


def growth(table: Table, axis: str, sizes: Sequence[tuple[int, int]]) -> None:
    """Slope of the logarithm of the time over that of the number of synaptic events."""
    x, works, events = {"in": drive()}, {}, []
    for neurons, fan in sizes:
        executor = Executor(network(neurons, fan))
        works[f"{neurons}, {fan}"] = lambda executor=executor: executor.run(x)
        events.append(float(executor.run(x).synaptic_events or 0))
    taken = [times.best for times in interleaved(works, repetitions=3).values()]
    slope = exponent(events, taken)
    along = [size[0 if axis == "neurons" else 1] for size in sizes]
    fixed = f"{sizes[0][1]} synapses each" if axis == "neurons" else f"{sizes[0][0]} neurons"
    case = f"{axis} {along[0]}..{along[-1]}, {fixed}"
    per = " ".join(f"{1e9 * s / e:.2f}" for s, e in zip(taken, events, strict=True))
    milliseconds = " ".join(f"{1e3 * seconds:.1f}" for seconds in taken)
    of = f"{events[0]:.1e}..{events[-1]:.1e} events, slope {slope:.2f}"
    table.add([case, "axonal", "", milliseconds, "", per, "", of])
    table.json.append(
        {
            "case": case,
            "implementation": "axonal",
            "median_s": taken[-1],
            "all_s": taken,
            "events": events,
            "ratio": 1.0,
            "share_of_bandwidth": None,
            "slope": slope,
        }
    )


def large(table: Table, neurons: int, fan: int, speed: float) -> None:
    """One run of a large network in a process of its own, whose memory is measured."""
    script = f"from benchmarks.executor import alone; alone({neurons}, {fan})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the large network failed: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    case = f"{neurons} neurons, {found['synapses']} synapses, {STEPS} steps"
    memory = (
        f"{found['spikes']} spikes; {found['peak'] / 1e9:.2f} GB at most, predicted "
        f"{found['predicted'] / 1e9:.2f} GB"
    )
    seconds, events = found["run"], found["events"]
    share = events * SYNAPSE_BYTES / seconds / speed
    add(table, case, "axonal", found["build"], [seconds], 1.0, seconds / events, share, memory,
        events=events, peak_bytes=found["peak"], predicted_bytes=found["predicted"])  # fmt: skip


def alone(neurons: int, fan: int) -> None:
    """Build and run one network, and print what it took as JSON."""
    idle = peak()
    graph = network(neurons, fan)
    held = sum(
        array.nbytes for q in graph.projections for array in (q.pre, q.post, q.weight, q.delay)
    )
    predicted = idle + held + footprint(graph)
    start = time.thread_time()
    executor = Executor(graph)
    built = time.thread_time()
    executor.run({"in": drive(1)})  # compiles or loads the kernel
    ready = time.thread_time()
    found = executor.run({"in": drive()})
    seconds = time.thread_time() - ready
    spikes = len(found.spikes["x"].t)
    answer = {
        "synapses": sum(q.size for q in graph.projections),
        "build": built - start,
        "run": seconds,
        "events": found.synaptic_events,
        "spikes": spikes,
        "peak": peak(),
        "predicted": predicted + 12 * spikes,
    }
    print(json.dumps(answer))


def peak() -> int:
    """Largest resident size of this process so far, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def add(
    table: Table,
    case: str,
    name: str,
    build: float,
    taken: Sequence[float],
    ratio: float,
    event: float,
    share: float,
    agrees: str,
    **more: float,
) -> None:
    """A line of the table."""
    rounds = " ".join(f"{1e3 * seconds:.1f}" for seconds in taken)
    numbers = [f"{build:.2f}", rounds, f"{ratio:.2f}", f"{1e9 * event:.2f}", f"{100 * share:.0f} %"]
    table.add([case, name, *numbers, agrees])
    table.json.append(
        {
            "case": case,
            "implementation": name,
            "build_s": build,
            "median_s": min(taken),
            "rounds_s": list(taken),
            "ratio": ratio,
            "share_of_bandwidth": share,
            "agrees": agrees,
            **more,
        }
    )
