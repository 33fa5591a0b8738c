"""The exact event-driven engine: arrivals per second, what is kept, and how both grow."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal.neuro.events import Events
from axonal.neuro.ops.exact_lif import exact_lif
from benchmarks._measure import REPETITIONS, ROUNDS, Table, interleaved
from benchmarks.growth import exponent

TAU, TAU_SYNAPSE, LONGEST = 20.0, 10.0, 20.0
FORWARD, BACKWARD = 2.6, 6.2
"""Million arrivals per second of the prototype on the first case, one thread."""

HEADER = ["case", "spikes in/own", "arrivals", "forward (M/s)", "backward (M/s)", "forward (ms)",
          "backward (ms)", "bytes per spike"]  # fmt: skip


@dataclass
class Net:
    """Connections of one layer, with feedback where it has any.

    Attributes:
        weight: [N, I].
        delay: likewise.
        threshold: [N], infinite for readouts.
        feedback: weight and delay [N, N], or None.
        outputs: number of readouts, the last neurons.
        tau_synapse: in steps.
    """

    weight: Tensor
    delay: Tensor
    threshold: Tensor
    feedback: tuple[Tensor, Tensor] | None
    outputs: int
    tau_synapse: float = TAU_SYNAPSE

    def leaves(self) -> list[Tensor]:
        """Tensors that learn."""
        return [self.weight, self.delay, *(self.feedback or ())]

    def run(self, events: Events) -> tuple[Events, Tensor]:
        """Spikes, and the mean voltage."""
        weight, delay = self.feedback or (None, None)
        out, mean = exact_lif(
            events, self.weight, self.delay, tau=TAU, tau_synapse=self.tau_synapse,
            threshold=self.threshold, feedback_weight=weight, feedback_delay=delay,
            voltage="mean", limit=10**7,
        )  # fmt: skip
        assert mean is not None
        return out, mean

    def loss(self, out: Events, mean: Tensor) -> Tensor:
        """A loss of the readouts, or of spike times where there are none."""
        if self.outputs:
            return mean[:, -self.outputs :].sum()
        return out.times.masked_fill(~out.valid, 0).sum()


def network(
    inputs: int, hidden: int, outputs: int, *, recurrent: bool, gain: float = 1.0, seed: int = 0
) -> Net:
    """A random network with a delay of its own for every synapse."""
    r = np.random.default_rng(seed)
    size = hidden + outputs
    weight = gain * r.normal(0.1, 0.3, (size, inputs))
    feedback = None
    if recurrent:
        weight[hidden:] = 0
        back = r.normal(0, 0.12, (size, size))
        back[hidden:] = r.normal(0, 0.1, (outputs, size))
        back[:, hidden:] = 0
        feedback = back, LONGEST * r.random((size, size)) + 1e-3
    made = [torch.from_numpy(a) for a in (weight, LONGEST * r.random((size, inputs)))]
    threshold = torch.ones(size, dtype=torch.float64)
    threshold[hidden:] = torch.inf
    loop = None if feedback is None else tuple(torch.from_numpy(a) for a in feedback)
    net = Net(made[0], made[1], threshold, None if loop is None else (loop[0], loop[1]), outputs)
    for leaf in net.leaves():
        leaf.requires_grad_()
    return net


def inputs_of(size: int, spikes: int, duration: float, batch: int = 1, seed: int = 1) -> Events:
    """Random spikes."""
    r = np.random.default_rng(seed)
    times = [np.sort(duration * r.random(spikes)) for _ in range(batch)]
    indices = [r.integers(0, size, spikes) for _ in range(batch)]
    return Events.of(times, indices, size, duration, dtype=torch.float64)


def arrivals(events: Events, weight: Tensor, delay: Tensor) -> int:
    """Arrivals of spikes within the duration, at synapses with a weight."""
    total = 0
    heard = (weight != 0).T
    for times, indices, count in zip(events.times, events.indices, events.counts, strict=True):
        t, i = times[:count].detach(), indices[:count]
        for some in range(0, len(t), 1024):
            part = slice(some, some + 1024)
            within = t[part, None] + delay.detach().T[i[part]] <= events.duration
            total += int((within & heard[i[part]]).sum())
    return total


def heard(net: Net, events: Events, out: Events) -> int:
    """Arrivals that a pass processes."""
    total = arrivals(events, net.weight, net.delay)
    return total if net.feedback is None else total + arrivals(out, *net.feedback)


def kept_bytes(net: Net, events: Events) -> float:
    """Bytes kept for the backward pass, less the parameters, per spike in and out."""
    held: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.ndim == 2:  # [B, S]; what is kept per neuron has one axis
            storage = tensor.untyped_storage()
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        out, mean = net.run(events)
        loss = net.loss(out, mean)
    for leaf in net.leaves():
        held.pop(leaf.untyped_storage().data_ptr(), None)
    del loss
    return sum(held.values()) / int(out.counts.sum() + events.counts.sum())


def both(net: Net, events: Events) -> Callable[[], Any]:
    """Both passes."""
    return lambda: torch.autograd.grad(net.loss(*net.run(events)), net.leaves())


def apart(net: Net, events: Events) -> tuple[float, float]:
    """Seconds of the forward and of the backward pass of one call, each the best round's median."""
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    both(net, events)()
    rounds = []
    for _ in range(ROUNDS):
        taken = []
        for _ in range(REPETITIONS):
            start = clock()
            loss = net.loss(*net.run(events))
            middle = clock()
            torch.autograd.grad(loss, net.leaves())
            taken.append((middle - start, clock() - middle))
        rounds.append([statistics.median(part) for part in zip(*taken, strict=True)])
    forward, backward = (min(part) for part in zip(*rounds, strict=True))
    return forward, backward


def line(table: Table, case: str, net: Net, events: Events) -> dict[str, float]:
    """Time a case and add its line."""
    out, _ = net.run(events)
    number = heard(net, events, out)
    forward, backward = apart(net, events)
    speed = {"forward": 1e-6 * number / forward, "backward": 1e-6 * number / backward}
    kept = kept_bytes(net, events)
    given, own = int(events.counts.sum()), int(out.counts.sum())
    table.add(
        [
            case,
            f"{given}/{own}",
            f"{1e-6 * number:.2f} M",
            f"{speed['forward']:.1f}",
            f"{speed['backward']:.1f}",
            f"{1e3 * forward:.1f}",
            f"{1e3 * backward:.1f}",
            f"{kept:.0f}",
        ]
    )
    table.json += [
        {
            "case": f"{case} {name}",
            "implementation": "axonal",
            "median_s": seconds,
            "ratio": 1.0,
            "share_of_bandwidth": None,
            "arrivals": number,
            "bytes_per_spike": kept,
        }
        for name, seconds in (("forward", forward), ("backward", backward))
    ]
    return speed


def growth(table: Table, quick: bool) -> None:
    """Exponents of time over spikes, duration and neurons."""
    factors = (1, 2) if quick else (1, 3, 10)
    axes: dict[str, Callable[[float], tuple[tuple[int, int, int, float], bool]]] = {
        "input spikes": lambda f: ((100, 200, round(100 * f), 500.0), False),
        "T at equal spikes": lambda f: ((100, 200, 300, 100.0 * f), False),
        "N": lambda f: ((100, round(40 * f), 300, 500.0), False),
        "T at equal rate, recurrent": lambda f: ((100, 100, round(50 * f), 100.0 * f), True),
    }
    for axis, case in axes.items():
        works: dict[str, Callable[[], Any]] = {}
        for f in factors:
            (inputs, hidden, spikes, duration), recurrent = case(f)
            net = network(inputs, hidden, 0, recurrent=recurrent)
            works[str(f)] = both(net, inputs_of(inputs, spikes, duration))
        taken = [times.best for times in interleaved(works, 3).values()]
        slope = exponent([float(f) for f in factors], taken)
        milliseconds = ", ".join(f"{1e3 * seconds:.1f}" for seconds in taken)
        table.remarks.append(
            f"Time over {axis}, times {', '.join(map(str, factors))}: {milliseconds} ms, exponent "
            f"{slope:.2f}."
        )


def run(peers: set[str], *, quick: bool) -> Table:
    """Time the nets of the prototype, then how time grows."""
    table = Table(HEADER)
    shrink = 8 if quick else 1
    recurrent = network(100, 200, 20, recurrent=True)
    first = inputs_of(100, 493, 500.0 / shrink)
    speed = line(table, "100-200rec-20, T 500", recurrent, first)
    ratios = f"{speed['forward'] / FORWARD:.1f} and {speed['backward'] / BACKWARD:.1f}"
    table.remarks.append(
        f"The prototype ran {FORWARD} and {BACKWARD} million arrivals per second on such a net, in "
        f"a process of its own: {ratios} times slower."
    )
    recurrent.tau_synapse = 5.0
    line(table, "the same, tau 20/5", recurrent, first)
    recurrent.tau_synapse = TAU
    line(table, "the same, tau 20/20", recurrent, first)
    big, many = network(700, 256, 20, recurrent=True, gain=0.2), 7000 // shrink
    spoken = inputs_of(700, many, 1000.0 / shrink)
    line(table, "700-256rec-20, T 1000", big, spoken)
    line(table, "700-256, T 1000", network(700, 256, 0, recurrent=False, gain=0.2), spoken)
    line(table, "700-20 readouts, T 1000", network(700, 0, 20, recurrent=False), spoken)
    growth(table, quick)
    table.remarks.append(
        "Every synapse has a delay of its own, from 0 to 20 steps; time constants are 20 and 10 "
        "steps. Bytes are those of times, neurons and "
        "currents, inputs and padding included."
    )
    return table
