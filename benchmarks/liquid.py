"""Liquids beside dense torch and Brian 2's C++ target, and how their cost grows.

``python -m benchmarks.liquid PLASTIC STEPS`` builds and runs the liquid in Brian 2 alone.
"""

import json
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from axonal.neuro.ops.event_network import Events
from axonal.reservoirs import Exponential, Liquid, PairSTDP, topology
from benchmarks._measure import ROUNDS, Table, Times, interleaved
from benchmarks.growth import exponent

SIDE, INPUTS, STEPS = 10, 784, 250
SAMPLES, DENSE_SAMPLES = 20, 4
ACTIVE, RATE = 150, 20.0
"""Inputs that a sample drives, and their events per step together, as MNIST has them."""
WEIGHT, TAU = 0.7, 1.0
RATES = (2.0, 5.0, 10.0, 20.0, 40.0)
RULE = PairSTDP(rate=0.002)
HEADER = [
    "case",
    "implementation",
    "rounds (ms per sample)",
    "its time over ours",
    "samples per second",
    "agreement",
]
AMPLITUDE = 100.0


def liquid(*, plastic: bool, side: int = SIDE) -> Liquid:
    """A liquid on a grid with as many inputs as a picture of MNIST has pixels."""
    wiring = topology.grid((side,) * 3, seed=1)
    return Liquid(
        wiring,
        topology.random_inputs(INPUTS, wiring.neurons, 0.15, seed=2),
        weight=WEIGHT,
        synapses=Exponential(TAU),
        plasticity=RULE if plastic else None,
    )


def drive(samples: int, rate: float = RATE, seed: int = 3) -> npt.NDArray[np.bool_]:
    """Events of the inputs `[T, B, INPUTS]`."""
    rng = np.random.default_rng(seed)
    chance = np.zeros((samples, INPUTS))
    for row in chance:
        row[rng.permutation(INPUTS)[:ACTIVE]] = min(rate / ACTIVE, 1.0)
    return rng.random((STEPS, samples, INPUTS)) < chance


def run(peers: set[str], *, quick: bool) -> Table:
    """Compare static and plastic liquids, then grow with spikes and neurons."""
    table = Table(HEADER)
    for plastic in (False, True):
        compare(table, peers, plastic=plastic, quick=quick)
    growth(table, quick=quick)
    own = liquid(plastic=True, side=4 if quick else SIDE)
    kept = own._network
    held = sum(a.nbytes for a in vars(kept).values() if isinstance(a, np.ndarray))
    table.remarks.append(
        f"A plastic liquid keeps {held / len(kept.weight):.0f} bytes per synapse, and 10 more per "
        "thread that runs it. Dense torch keeps the weights of every sample as a matrix of all "
        f"pairs, {4 * 1784 / 134:.0f} bytes per synapse and sample. Brian 2 runs its C++ target, "
        "compiled apart (its build is named), as one long sample."
    )
    return table


def compare(table: Table, peers: set[str], *, plastic: bool, quick: bool) -> None:
    """One liquid in every implementation; spikes are compared before anything is timed."""
    own = liquid(plastic=plastic, side=4 if quick else SIDE)
    samples = 4 if quick else SAMPLES
    dense = 1 if quick else DENSE_SAMPLES
    events, few = drive(samples), drive(dense)
    given, small = (own.events(AMPLITUDE * x) for x in (events, few))
    options: dict[str, Any] = {"samples": samples, "steps": STEPS}
    case = f"{own.neurons} neurons, {'plastic' if plastic else 'static'}, {STEPS} steps"
    counts = own.run(given, **options).counts
    theirs = Dense(own)
    agreed = int(np.abs(theirs.run(few) - own.run(small, samples=dense, steps=STEPS).counts).sum())
    works = {
        "axonal": lambda: own.run(given, **options),
        "torch, dense": lambda: theirs.run(few),
    }
    if plastic and not quick:
        works["numpy, every synapse at every step"] = lambda: own.run(
            own.events(AMPLITUDE * drive(1)), samples=1, steps=STEPS, backend="reference"
        )
    times = interleaved(works, repetitions=1 if quick else 3)
    sizes = {"axonal": samples, "torch, dense": dense}
    ours = times["axonal"].best / samples
    spikes = counts.sum() / samples / STEPS
    agreement = {
        "axonal": f"{spikes:.1f} spikes per step",
        "torch, dense": f"{agreed} spikes differ in {dense} samples",
    }
    for name, taken in times.items():
        size = sizes.get(name, 1)
        each = Times([seconds / size for seconds in taken.rounds])
        add(table, case, name, each, each.best / ours, agreement.get(name, ""))
    if "brian2" in peers and not quick:
        brian(table, case, ours, plastic=plastic)


def brian(table: Table, case: str, ours: float, *, plastic: bool) -> None:
    """The same liquid in Brian 2, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.liquid", str(int(plastic)), str(SAMPLES)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"without Brian 2: {done.stderr.strip().splitlines()[-1]}", flush=True)
        return
    found = json.loads(done.stdout.strip().splitlines()[-1])
    each = Times([seconds / SAMPLES for seconds in found["run"]])
    told = (
        f"{found['spikes'] / SAMPLES / STEPS:.1f} spikes per step, built in {found['build']:.0f} s"
    )
    add(table, case, "Brian 2, C++", each, each.best / ours, told)


def growth(table: Table, *, quick: bool) -> None:
    """Slope of the time over the spikes, and over the neurons."""
    silent = Events(np.zeros(4 * STEPS + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))
    for plastic in (False, True):
        own = liquid(plastic=plastic, side=5 if quick else SIDE)
        works, spikes = {}, []
        for rate in RATES:
            given = own.events(AMPLITUDE * drive(4, rate))
            options: dict[str, Any] = {"samples": 4, "steps": STEPS}
            found = own.run(given, **options)
            spikes.append(float(found.counts.sum() + found.input_counts.sum()) / 4)
            works[f"{rate}"] = lambda given=given, own=own, options=options: own.run(
                given, **options
            )
        works["silent"] = lambda own=own: own.run(silent, samples=4, steps=STEPS)
        times = interleaved(works, repetitions=1 if quick else 3)
        idle = times.pop("silent").best / 4
        taken = [t.best / 4 for t in times.values()]
        # a busy machine may take longer for a silent sample
        beyond = [max(seconds - idle, 1e-9) for seconds in taken]
        slope = exponent(spikes, beyond)
        per = " ".join(f"{1e9 * s / n:.0f}" for s, n in zip(beyond, spikes, strict=True))
        kind = "plastic" if plastic else "static"
        told = f"slope {slope:.2f} beyond {1e3 * idle:.2f} ms of a silent sample; {per} ns a spike"
        case = f"{kind}, {spikes[0]:.0f}..{spikes[-1]:.0f} spikes per sample"
        add(table, case, "axonal", Times(taken), 1.0, told, slope=slope)


def add(
    table: Table, case: str, name: str, each: Times, ratio: float, agrees: str, **more: float
) -> None:
    """A line of the table, of seconds per sample."""
    rounds = " ".join(f"{1e3 * seconds:.2f}" for seconds in each.rounds)
    table.add([case, name, rounds, f"{ratio:.2f}", f"{1 / each.best:.1f}", agrees])
    table.json.append(
        {
            "case": case,
            "implementation": name,
            "median_s": each.best,
            "rounds_s": each.rounds,
            "ratio": ratio,
            "share_of_bandwidth": None,
            "agrees": agrees,
            **more,
        }
    )


class Dense:
    """The liquid as products of matrices in torch, with weights of their own for every sample.

    Args:
        liquid: with exponential synapses of one time constant and, if it learns, a `PairSTDP`.
    """

    def __init__(self, liquid: Liquid) -> None:
        net = liquid._network
        self.n, self.size = liquid.neurons, net.neurons
        source = np.repeat(np.arange(self.size), np.diff(net.indptr))
        self.weights = torch.zeros(self.size, self.n)
        self.weights[source, net.post.astype(np.int64)] = torch.from_numpy(net.weight.copy())
        self.mask = torch.zeros(self.size, self.n)
        self.mask[source, net.post.astype(np.int64)] = 1.0
        self.rule = liquid.rule
        self.keep = float(net.kernel_decay[0])

    def run(self, events: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Counts of the liquid `[B, n]`.

        Args:
            events: of the inputs `[T, B, M]`.
        """
        steps, batch = events.shape[:2]
        given = torch.zeros(steps, batch, self.size)
        given[..., self.n :] = AMPLITUDE * torch.from_numpy(events).float()
        v = torch.zeros(batch, self.size)
        wait = torch.zeros(batch, self.size, dtype=torch.int32)
        current, counts = torch.zeros(batch, self.n), torch.zeros(batch, self.n)
        rule = self.rule
        w = self.weights.expand(batch, -1, -1)
        if rule is not None:
            w = w.clone()
            x, y = torch.zeros(batch, self.size), torch.zeros(batch, self.n)
            low, high = (torch.from_numpy(b).float()[:, None] for b in (rule.low, rule.high))
            sign = torch.from_numpy(rule.inhibitory)[:, None]
            a, m = rule.potentiation, float(rule.modulation[0])
        for t in range(steps):
            s = ((v >= 20.0) & (wait == 0)).float()
            v = v * (1.0 - s)
            arriving = torch.bmm(s[:, None], w)[:, 0] if rule is not None else s @ self.weights
            current = self.keep * current + arriving
            v = v * (1 - 1 / 64)
            v[:, : self.n] += current
            v += given[t]
            wait = torch.where(s > 0, 2, (wait - 1).clamp(min=0))
            own = s[:, : self.n]
            counts += own
            if rule is not None:
                late, early = x[:, :, None] * own[:, None], s[:, :, None] * y[:, None]
                change = torch.where(sign, a * early - m * late, a * late - m * early)
                w += change * self.mask
                w = torch.minimum(torch.maximum(w, low), high)
                x = rule.pre_decay * (x + rule.increment * s)
                y = rule.post_decay * (y + rule.increment * own)
        return counts.numpy().astype(np.int64)


def alone(*, plastic: bool, samples: int) -> None:
    """Build the liquid in Brian 2, run it, and print what it took as JSON."""
    import brian2 as b

    with tempfile.TemporaryDirectory() as folder:
        b.set_device("cpp_standalone", directory=folder, build_on_run=False)
        dt = 1 * b.ms
        own = liquid(plastic=plastic)
        net = own._network
        n, size = own.neurons, net.neurons
        events = drive(samples).transpose(1, 0, 2).reshape(-1, INPUTS)
        step, source = np.nonzero(events)
        names = {
            "keep": float(np.exp(-1 / TAU)), "trace": float(np.exp(-0.1)), "a": RULE.rate,
            "m": RULE.rate, "increment": RULE.increment, "amplitude": AMPLITUDE,
        }  # fmt: skip
        cells = b.NeuronGroup(
            size, "v : 1\nI : 1\narriving : 1\nx : 1\ny : 1\nwait : integer",
            threshold="v >= 20 and wait == 0",
            reset="v = 0\nwait = 3\nx += increment\ny += increment", dt=dt, namespace=names,
        )  # fmt: skip
        cells.run_regularly(
            "I = keep * I + arriving\narriving = 0\nv = v * 63.0 / 64 + I\n"
            "wait = clip(wait - 1, 0, 9)",
            dt=dt, when="groups",
        )  # fmt: skip
        outside = b.SpikeGeneratorGroup(INPUTS, source, step * b.ms, dt=dt)
        given = b.Synapses(outside, cells, on_pre="v_post += amplitude", dt=dt, namespace=names)
        given.connect(i=np.arange(INPUTS), j=np.arange(INPUTS) + n)
        pre = np.repeat(np.arange(size), np.diff(net.indptr))
        parts = [given]
        inhibits = (pre < n) & ~np.append(own.wiring.excitatory, [False] * (size - n))[pre]
        for chosen, low, high, early, late in (
            (inhibits, -3.0, 0.0, "+ a * y_post", "- m * x_pre"),
            (pre >= n, -3.0, 3.0, "- m * y_post", "+ a * x_pre"),
            ((pre < n) & ~inhibits, 0.0, 3.0, "- m * y_post", "+ a * x_pre"),
        ):
            sends, learns = "arriving_post += w", {}
            if plastic:
                sends += f"\nw = clip(w {early}, {low}, {high})"
                learns = {"on_post": f"w = clip(w {late}, {low}, {high})"}
            joins = b.Synapses(
                cells, cells, "w : 1", on_pre=sends, dt=dt, namespace=names, **learns
            )
            joins.connect(i=pre[chosen], j=net.post[chosen].astype(int))
            joins.w = net.weight[chosen].astype(float)
            parts.append(joins)
        if plastic:
            fade = "x = trace * x\ny = trace * y"
            cells.run_regularly(fade, dt=dt, when="end")
        monitor = b.SpikeMonitor(cells[:n], record=False)
        whole = b.Network(cells, outside, *parts, monitor)
        whole.schedule = ["start", "thresholds", "resets", "synapses", "groups", "end"]
        whole.run(samples * STEPS * b.ms)
        begun = time.perf_counter()
        b.device.build(directory=folder, compile=True, run=False, debug=False)
        built = time.perf_counter() - begun
        seconds = []
        for _ in range(ROUNDS):
            b.device.run(folder, with_output=False, run_args=[])
            seconds.append(float(b.device._last_run_time))
        answer = {"build": built, "run": seconds, "spikes": int(monitor.num_spikes)}
    print(json.dumps(answer))


if __name__ == "__main__":
    alone(plastic=sys.argv[1] == "1", samples=int(sys.argv[2]))
