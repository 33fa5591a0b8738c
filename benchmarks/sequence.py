"""Event-based gated units and Legendre memories beside torch's GRU, LSTM and written-out forms."""

import time
from collections.abc import Callable, Mapping

import psutil
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from axonal import neuro
from axonal.neuro.ops.lmu import lmu, matrices
from benchmarks._agree import required
from benchmarks._measure import TIMED, Table, Times, Work, compare, interleaved
from benchmarks.growth import exponent

INPUTS, STEPS, BATCH = 28, 50, 64
WIDTHS, WIDE = (128, 590), (512, 1024)
PRUNED = 0.9
"""Share of weights that are pruned; SpiNNaker 2 was shown with .95."""
HEARD = 0.1
"""Share of units heard at a step of inference, as at the published sparsities."""
LENGTHS = (50, 100, 200, 400)
MEMORIES = ((784, 16, 64), (784, 16, 256))
ENDLESS = (1_000, 10_000, 100_000)
"""Steps of a stream after which its time and memory are looked at."""
STREAMED = 64
"""Width of the models that stream."""


def run(peers: set[str], *, quick: bool) -> Table:
    """Time training steps, sparse inference, memories, streams, and their growth with T."""
    table = Table(TIMED)
    torch.manual_seed(0)
    for width in (16,) if quick else WIDTHS:
        training(table, width)
    for width in (64,) if quick else WIDE:
        inference(table, width)
        pruned(table, width)
    for steps, batch, order in ((30, 2, 8),) if quick else MEMORIES:
        memory(table, steps, batch, order)
    streams(table, quick=quick)
    growth(table, quick=quick)
    return table


def training(table: Table, width: int) -> None:
    """Forward and backward of a layer."""
    x = torch.randn(STEPS, BATCH, INPUTS)
    ours, written = (neuro.EGRU(INPUTS, width, backend=b) for b in ("auto", "reference"))
    written.load_state_dict(ours.state_dict())
    cotangent = torch.randn(STEPS, BATCH, width)
    layers: dict[str, nn.Module] = {
        "axonal": ours,
        "torch, written out": written,
        "torch.nn.GRU": nn.GRU(INPUTS, width),
        "torch.nn.LSTM": nn.LSTM(INPUTS, width),
    }

    def work(layer: nn.Module) -> Callable[[], tuple[Tensor, ...]]:
        def once() -> tuple[Tensor, ...]:
            y, _ = layer(x)
            return y.detach(), *torch.autograd.grad(y, list(layer.parameters()), cotangent)

        return once

    works = {name: work(layer) for name, layer in layers.items()}
    works["products alone"] = _products(x, width)
    agrees = dict.fromkeys(works, "")
    agrees["products alone"] = "the least that any of them takes"
    agrees["axonal"] = _agreement(works["axonal"](), works["torch, written out"]())
    required(agrees["axonal"], "axonal")
    case = f"training, {width} units, T {STEPS}, B {BATCH}"
    compare(table, case, works, agrees)
    rate = float((works["axonal"]()[0] != 0).float().mean())
    table.remarks.append(f"{case}: {100 * rate:.0f} % of the units are heard at a step.")


def _products(x: Tensor, width: int) -> Callable[[], tuple[Tensor, ...]]:
    """The products of matrices of forward and backward, dense, with nothing between them."""
    steps, batch, inputs = x.shape
    weight_in, weight = torch.randn(3 * width, inputs), torch.randn(3 * width, width)
    y, g = torch.randn(steps, batch, width), torch.randn(steps, batch, 3 * width)
    gates, back = torch.empty(batch, 3 * width), torch.empty(batch, width)

    def once() -> tuple[Tensor, ...]:
        into = x.flatten(0, 1) @ weight_in.T
        for t in range(steps):
            torch.mm(y[t], weight.T, out=gates)
        for t in range(steps):
            torch.mm(g[t], weight, out=back)
        flat = g.flatten(0, 1).T
        return into, flat @ y.flatten(0, 1), flat @ x.flatten(0, 1)

    return once


def _agreement(mine: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> str:
    away = max(
        float((a - b).abs().max() / b.abs().max().clamp(min=1e-9))
        for a, b in zip(mine, other, strict=True)
    )
    return f"{_flips(mine[0], other[0])}, gradients to {away:.0e}"


def _flips(mine: Tensor, other: Tensor) -> str:
    flips = int(((mine != 0) != (other != 0)).sum())
    return f"{flips / mine.numel():.1e} of events differ" if flips else "same spikes"


def inference(table: Table, width: int) -> None:
    """One sample without gradients, few units heard."""
    x = torch.randn(STEPS, 1, INPUTS)
    ours, gru = neuro.EGRU(INPUTS, width), nn.GRU(INPUTS, width)
    ours.requires_grad_(False)
    gru.requires_grad_(False)
    rate = _level(ours, x)
    case = f"inference, {width} units, T {STEPS}, B 1"
    works: dict[str, Work] = {"axonal": lambda: ours(x), "torch.nn.GRU": lambda: gru(x)}
    compare(table, case, works, {"axonal": f"{100 * rate:.0f} % heard", "torch.nn.GRU": ""})


def _level(layer: neuro.EGRU, x: Tensor) -> float:
    """Set the threshold at which so many units are heard; return their share."""
    low, high = 0.0, 1.0
    for _ in range(20):
        layer.threshold_level.fill_((low + high) / 2)
        rate = float((layer(x)[0] != 0).float().mean())
        low, high = ((low + high) / 2, high) if rate > HEARD else (low, (low + high) / 2)
    return rate


def pruned(table: Table, width: int) -> None:
    """One sample without gradients, few weights left and few units heard."""
    x = torch.randn(STEPS, 1, INPUTS)
    dense, gru = neuro.EGRU(INPUTS, width), nn.GRU(INPUTS, width)
    for name in ("weight_in", "weight"):
        prune.l1_unstructured(dense, name, PRUNED)
        prune.remove(dense, name)
    for layer in (dense, gru):
        layer.eval().requires_grad_(False)
    rate = _level(dense, x)
    ours = neuro.SparseEGRU(dense)
    (y, _), (expected, _) = ours(x), dense(x)
    agrees = dict.fromkeys(("axonal", "axonal, dense weights", "torch.nn.GRU"), "")
    agrees["axonal"] = f"{_flips(y, expected)}, outputs to {float((y - expected).abs().max()):.0e}"
    required(agrees["axonal"], "axonal")
    with neuro.event_traces(dense) as seen:
        dense(x)
    flat = float(seen[""][0].backward_sparsity())
    case = f"inference, {width} units, T {STEPS}, B 1, {100 * PRUNED:.0f} % pruned"
    works: dict[str, Work] = {
        "axonal": lambda: ours(x),
        "axonal, dense weights": lambda: dense(x),
        "torch.nn.GRU": lambda: gru(x),
    }
    compare(table, case, works, agrees)
    table.remarks.append(
        f"{case}: {100 * (1 - ours.density):.0f} % of the weights are zero, {100 * rate:.0f} % of "
        f"the units heard (forward sparsity {100 * (1 - rate):.0f} %), backward sparsity "
        f"{100 * flat:.0f} % at the layer's support of {dense.support:g}."
    )


def memory(table: Table, steps: int, batch: int, order: int) -> None:
    """Forward and backward of Legendre memories."""
    a, b = matrices(order, float(steps))
    u, rest = torch.randn(steps, batch, 1), torch.zeros(batch, 1, order)
    cotangent = torch.randn(steps, batch, 1, order)

    def work(backend: str) -> Callable[[], tuple[Tensor, ...]]:
        def once() -> tuple[Tensor, ...]:
            leaf = u.detach().requires_grad_()
            m = lmu(leaf, rest, a, b, backend=backend)
            return m.detach(), *torch.autograd.grad(m, leaf, cotangent)

        return once

    forms = {"axonal": "auto", "plain FFT": "fft", "step by step": "reference"}
    works = {name: work(backend) for name, backend in forms.items()}
    expected = works["step by step"]()
    agrees = {}
    for name, done in works.items():
        away = [(a - b).abs().max() / b.abs().max() for a, b in zip(done(), expected, strict=True)]
        agrees[name] = f"to {float(max(away)):.0e}"
    compare(table, f"memory of order {order}, T {steps}, B {batch}", works, agrees)


def streams(table: Table, *, quick: bool) -> None:
    """Models that go step by step, one sample: time per step, and what grows with the steps."""
    models: Mapping[str, nn.Module] = {
        "EGRU": neuro.Sequential(neuro.EGRU(INPUTS, STREAMED), neuro.Linear(STREAMED, 10)),
        "LMUFormer": neuro.LMUFormer(INPUTS, 10, width=STREAMED),
        "SpikingLMUFormer": neuro.SpikingLMUFormer(INPUTS, 10, width=STREAMED),
    }
    marks = (20, 40, 80) if quick else ENDLESS
    process = psutil.Process()
    for name, model in models.items():
        model.eval().requires_grad_(False)
        stream = neuro.Streamer(model, readout="mean_over_time")
        x = torch.randn(64, 1, INPUTS)
        _until(stream, x, 1)  # what is compiled at the first step
        stream.reset()
        taken, held = [0.0], [0]
        for mark in marks:
            taken.append(taken[-1] + _until(stream, x, mark))
            held.append(process.memory_info().rss)
        slope, grown = exponent(list(marks), taken[1:]), (held[-1] - held[-2]) / 2**20
        told = f"{1e6 * taken[-1] / marks[-1]:.0f} us per step, slope {slope:.2f}, "
        told += f"memory {grown:+.1f} MiB from step {marks[-2]} on"
        case = f"stream of {marks[-1]} steps, width {STREAMED}"
        table.add_times(case, name, Times([taken[-1]]), 1.0, told)


def _until(stream: neuro.Streamer, x: Tensor, mark: int) -> float:
    """Decide until so many steps have run; return the seconds that this took."""
    started = time.thread_time()
    while stream.steps < mark:
        stream.decide(x[stream.steps % len(x)])
    return time.thread_time() - started


def growth(table: Table, *, quick: bool) -> None:
    """Slope of the time over T."""
    lengths = LENGTHS[:2] if quick else LENGTHS
    models: Mapping[str, nn.Module] = {
        "EGRU": neuro.EGRU(INPUTS, STREAMED),
        "LMUFormer": neuro.LMUFormer(INPUTS, 10, width=STREAMED),
        "SpikingLMUFormer": neuro.SpikingLMUFormer(INPUTS, 10, width=STREAMED),
    }
    for name, model in models.items():
        works: dict[str, Work] = {}
        for steps in lengths:
            x = torch.randn(steps, 8, INPUTS)
            works[str(steps)] = lambda x=x, model=model: model(x)[0].sum().backward()
        times = interleaved(works, repetitions=1 if quick else 3)
        slope = exponent(list(lengths), [taken.best for taken in times.values()])
        told = f"slope {slope:.2f}"
        last = times[str(lengths[-1])]
        table.add_times(f"training, T {lengths[0]}..{lengths[-1]}", name, last, 1.0, told)
