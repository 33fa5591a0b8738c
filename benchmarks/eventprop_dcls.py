"""A network with learnable delays, forward and backward: event by event, and convolved by DCLS.

``python -m benchmarks.eventprop_dcls NAME SOURCES LONGEST`` measures the memory of one way alone.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.events import Events
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.delayed_linear import delayed_linear
from axonal.neuro.ops.eventprop_lif import eventprop_lif, eventprop_readout
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.ops.lif import lif
from benchmarks._measure import TIMED, Table, compare

STEPS, BATCH, HIDDEN, CLASSES = 1000, 8, 256, 20
CASES = [(140, 64), (140, 128), (140, 256), (140, 512)]
"""Inputs, and steps up to which delays reach."""

SMALL = {"steps": 60, "hidden": 16}
TAU, TAU_SYNAPSE = 20.0, 10.0
RATE = 0.03
"""Spikes per channel and step."""

Gradients = tuple[Tensor, ...]

REMARK = (
    f"Two hidden layers of {HIDDEN} neurons, a readout of {CLASSES}, T = {STEPS}, batch {BATCH}; "
    "forward and backward to all weights and delays, on one thread of a CPU; delays up to the "
    "number of steps in the case. All ways have one network and the same spikes. axonal has the "
    "adjoint of spike times on lists of events, the others surrogate gradients on dense spikes, "
    "with our neurons. The longer the delays, the fewer spikes of the hidden layers fall within T. "
    "Memory is the growth of a process over one pass, at its peak."
)


class Task(NamedTuple):
    """One batch and one network: two hidden layers with delays, and a readout without.

    Attributes:
        x: spikes [T, B, I].
        events: the same as a list.
        weights: of every layer [N, I].
        delays: whole steps, of the hidden layers.
        longest: range of the delays.
    """

    x: Tensor
    events: Events
    weights: list[Tensor]
    delays: list[Tensor]
    longest: int

    @classmethod
    def make(cls, sources: int, longest: int, steps: int, hidden: int) -> "Task":
        """Seed a task; weights are such that sums are exact in any order."""
        generator = torch.Generator().manual_seed(0)
        x = (torch.rand(steps, BATCH, sources, generator=generator) < RATE).float()
        weights, delays = [], []
        for inputs, outputs, rate in (
            (sources, hidden, RATE), (hidden, hidden, 0.02), (hidden, CLASSES, 0.02)
        ):  # fmt: skip
            # currents of a deviation around one, from spikes of this rate
            spread = 1.4 / (inputs * rate * TAU_SYNAPSE) ** 0.5
            weight = torch.randn(outputs, inputs, generator=generator) * spread
            weights.append((1024 * weight).round() / 1024)
            delay = torch.rand(outputs, inputs, generator=generator) * longest
            delays.append(delay.round())
        return cls(x, Events.from_dense(x), weights, delays[:2], longest)


def event_driven(task: Task) -> Callable[[], Gradients]:
    """Our operators: spikes of the last hidden layer, and gradients of weights and delays."""
    none = torch.zeros_like(task.weights[-1])
    taus: dict[str, Any] = {"tau": TAU, "tau_synapse": TAU_SYNAPSE}

    def work() -> Gradients:
        weights, delays = leaves(task)
        spikes = task.events
        for weight, delay in zip(weights, delays, strict=False):
            spikes = eventprop_lif(spikes, weight, delay, **taus)
        v = eventprop_readout(spikes, weights[-1], none, **taus)
        return spikes.to_dense().detach(), *gradients(v, weights, delays)

    return work


def leaves(task: Task) -> tuple[list[Tensor], list[Tensor]]:
    """Weights and delays that learn."""
    weights, delays = (
        [a.detach().requires_grad_() for a in p] for p in (task.weights, task.delays)
    )
    return weights, delays


def gradients(v: Tensor, weights: list[Tensor], delays: list[Tensor]) -> Gradients:
    """Those of weights and delays, for the potentials [T, B, N] of the readout."""
    loss = F.cross_entropy(v.mean(0), torch.arange(BATCH))
    return torch.autograd.grad(loss, [*weights, *delays])


def neurons(current: Tensor) -> Tensor:
    """The same neurons with a surrogate gradient, in our compiled loops."""
    i = filtered(current, TAU_SYNAPSE)
    d = torch.tensor(-1 / TAU, dtype=torch.float64).exp().float()
    convention = Convention(decay_input=True)
    return lif(i, torch.zeros_like(i[0]), None, d, torch.tensor(1.0), convention)[0]


def filtered(x: Tensor, tau: float, *, decay_input: bool = False) -> Tensor:
    """A leaky integrator in our compiled loops."""
    decay = torch.tensor(-1 / tau, dtype=torch.float64).exp().float()
    return leaky_integrator(x, torch.zeros_like(x[0]), decay, decay_input=decay_input)


def layered(
    task: Task, connect: Callable[[Tensor, int, Tensor, Tensor], Tensor]
) -> Callable[[], Gradients]:
    """The network step by step, with connections of (x, layer, weight, delay)."""

    def work() -> Gradients:
        weights, delays = leaves(task)
        x = task.x
        for layer, (weight, delay) in enumerate(zip(weights, delays, strict=False)):
            x = neurons(connect(x, layer, weight, delay))
        v = filtered(filtered(F.linear(x, weights[-1]), TAU_SYNAPSE), TAU, decay_input=True)
        return x.detach(), *gradients(v, weights, delays)

    return work


def two_tap(task: Task) -> Callable[[], Gradients]:
    """Our delays of one tap or two, and a surrogate gradient."""

    def connect(x: Tensor, layer: int, weight: Tensor, delay: Tensor) -> Tensor:
        history = x.new_zeros(task.longest, *x.shape[1:])
        return delayed_linear(
            x, history, weight, delay, kernel="two-tap", max_delay=task.longest
        )[0]  # fmt: skip

    return layered(task, connect)


def dcls(task: Task) -> Callable[[], Gradients]:
    """DCLS' delays, version v1, and our neurons with a surrogate gradient."""
    module = importlib.import_module("DCLS.construct.modules")
    taps = task.longest + 1
    # an even number of taps has no centre: the kernel is one longer and its delays stay the same
    size = taps + 1 - taps % 2
    layers = [
        module.Dcls1d(
            w.shape[1], w.shape[0], kernel_count=1, dilated_kernel_size=size, version="v1",
            bias=False,
        )
        for w in task.weights[:-1]
    ]  # fmt: skip

    def connect(x: Tensor, layer: int, weight: Tensor, delay: Tensor) -> Tensor:
        module = layers[layer]
        # our leaves in the place of its parameters
        names = {"weight": weight.unsqueeze(-1), "P": size - 1 - size // 2 - delay[None, ..., None]}
        channels = F.pad(x.permute(1, 2, 0), (size - 1, 0))
        y: Tensor = torch.func.functional_call(module, names, (channels,))
        return y.permute(2, 0, 1)

    return layered(task, connect)


WAYS = {"axonal": event_driven, "axonal two-tap, surrogate": two_tap, "dcls-v1, surrogate": dcls}


def peak_bytes(name: str, sources: int, longest: int, steps: int, hidden: int) -> int:
    """Most memory of a pass in a process of its own, beside the task and what code takes."""
    numbers = map(str, (sources, longest, steps, hidden))
    command = [sys.executable, "-m", "benchmarks.eventprop_dcls", name, *numbers]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: int = json.loads(done.stdout)
    return found


def alone(name: str, sources: int, longest: int, steps: int, hidden: int) -> None:
    """Print the growth of this process' resident memory over one pass, at its peak."""
    torch.set_num_threads(1)
    # loads what is compiled
    WAYS[name](Task.make(sources, 8, 20, 8))()
    work = WAYS[name](Task.make(sources, longest, steps, hidden))
    # Linux forgets the largest size so far
    Path("/proc/self/clear_refs").write_text("5")
    before = resident()
    work()
    print(json.dumps(resident() - before))


def resident() -> int:
    """Largest resident size of this process in bytes, since it was last forgotten."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def run(peers: set[str], *, quick: bool) -> Table:
    """Time every range of delays, compare the spikes, and measure memory."""
    table = Table([*TIMED, "peak memory (MB)", "its memory over ours"])
    ways = {name: way for name, way in WAYS.items() if "dcls" not in name or "dcls" in peers}
    steps, hidden = (SMALL["steps"], SMALL["hidden"]) if quick else (STEPS, HIDDEN)
    for sources, longest in [(140, 16)] if quick else CASES:
        task = Task.make(sources, longest, steps, hidden)
        works = {name: way(task) for name, way in ways.items()}
        mine = works["axonal"]()[0]
        agrees = {"axonal": f"{int(mine.sum())} spikes in the last hidden layer"}
        for name in [name for name in works if name != "axonal"]:
            other = int((works[name]()[0] != mine).sum())
            agrees[name] = f"{other} spikes differ"
        timed = Table(TIMED)
        compare(timed, f"{sources} inputs, {longest}", works, agrees, repetitions=1)
        sizes = {name: peak_bytes(name, sources, longest, steps, hidden) for name in ways}
        for line, row in zip(timed.lines, timed.json, strict=True):
            size = sizes[row["implementation"]]
            ratio = size / sizes["axonal"]
            table.add([*line, f"{size / 1e6:.1f}", f"{ratio:.1f}"])
            table.json.append(row | {"peak_bytes": size, "memory_ratio": ratio})
    table.remarks.append(REMARK)
    return table


if __name__ == "__main__":
    way, *numbers = sys.argv[1:]
    alone(way, *map(int, numbers))
