"""One call of a small LIF layer, 16 steps of 4 samples and 32 neurons: the price of the way in.

Beside the times it counts the functions of ours that a call runs, the files they lie in, and the
longest chain of them, which ends at the compiled loops. ``python -m benchmarks.against REV call``
times the same works of an older commit in turn: this file runs in its checkout as well.
"""

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

import axonal
from axonal import neuro
from axonal.neuro.ops.lif import cpu, lif
from benchmarks import _measure
from benchmarks._measure import Table

STEPS, BATCH, SIZE = 16, 4, 32
REPETITIONS = 200
HEADER = ["implementation", "time (us)", "share of the layer", "calls", "files", "chain"]

Work = Callable[[], object]


class Calls(NamedTuple):
    """Functions of ours that a call runs."""

    number: int
    files: int
    chain: int


def count(work: Work) -> Calls:
    """Count the functions of axonal that ``work`` runs, compiled ones too."""
    # the folders at the root and those in src are the same ones
    root = str(Path(axonal.__file__).resolve().parent)
    roots = (root, *(str(folder.resolve()) for folder in Path(root).iterdir() if folder.is_dir()))
    depths: list[int] = []
    files: set[str] = set()

    def ours(frame: FrameType) -> bool:
        return str(Path(frame.f_code.co_filename).resolve()).startswith(roots)

    def see(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not ours(frame):
            return
        files.add(str(Path(frame.f_code.co_filename).resolve()))
        depth, outer = 0, frame.f_back
        while outer is not None:
            depth += ours(outer)
            outer = outer.f_back
        # numba shows its functions without the one that called them
        depths.append(depth + 1 if depth else depths[-1] + 1 if depths else 1)

    work()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(None)
    return Calls(len(depths), len(files), max(depths, default=0))


def works() -> dict[str, Work]:
    """Return the layer, the same with a gradient, a step of a stream, its operator, its loops."""
    x = (torch.rand(STEPS, BATCH, SIZE) < 0.3).float()
    layer = neuro.LIF(SIZE)
    learns = x.clone().requires_grad_()

    def train() -> Tensor:
        (grad,) = torch.autograd.grad(layer(learns)[0].sum(), learns)
        return grad

    small = neuro.Sequential(
        neuro.Linear(24, 128), neuro.LIF(128), neuro.Linear(128, 28), neuro.LeakyIntegrator(28)
    ).eval()
    stream, step = neuro.Streamer(small), (torch.rand(1, 24) < 0.3).float()
    v, decay, threshold = torch.zeros(BATCH, SIZE), layer.decay, layer.threshold
    found: dict[str, Work] = {
        "axonal": lambda: layer(x),
        "axonal-backward": train,
        "axonal-stream": lambda: stream(step),
        "axonal-operator": lambda: lif(x, v, None, decay, threshold),
    }
    # older commits order the arguments of their loops in another way
    if hasattr(cpu, "forward_loops"):
        cells = BATCH * SIZE
        rows, spikes = x.numpy().reshape(STEPS, cells), np.empty((STEPS, cells), np.float32)
        d, theta, state = (a.numpy().reshape(-1) for a in (decay, threshold, v.clone()))
        loops = cpu.forward_loops(False, False, False, 0, True)
        series = rows, spikes, spikes, spikes
        found["axonal-loops"] = lambda: loops(*series, d, theta, state, state, 0, 0, cells)
    return found


def run(peers: set[str], *, quick: bool) -> Table:
    """Time and count; there are no peers."""
    table, timed = Table(HEADER), works()
    counted = {name: count(work) for name, work in timed.items()}
    times = _measure.interleaved(timed, repetitions=20 if quick else REPETITIONS)
    whole = times["axonal"].best
    for name, calls in counted.items():
        best = times[name].best
        cells = [f"{1e6 * best:.0f}", f"{best / whole:.2f}", *map(str, calls)]
        table.add([name, *cells])
        table.json.append(
            {"case": "call", "implementation": name, "ratio": None, "share_of_bandwidth": None,
             "median_s": statistics.median(times[name].rounds), **calls._asdict()}
        )  # fmt: skip
    table.remarks.append(
        f"A call of LIF({SIZE}) on {STEPS} steps of {BATCH} samples; best medians of rounds of "
        f"{REPETITIONS} calls. Calls, files and chain are those of our own functions. The stream "
        "is one step of one sample through Linear, LIF, Linear and LeakyIntegrator, 24-128-28."
    )
    return table
