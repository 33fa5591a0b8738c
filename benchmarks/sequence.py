"""Event-based gated units and Legendre memories beside torch's GRU, LSTM and written-out forms."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.neuro.ops.lmu import lmu, matrices
from benchmarks._agree import required
from benchmarks._measure import TIMED, Table, Work, compare, interleaved
from benchmarks.growth import exponent

INPUTS, STEPS, BATCH = 28, 50, 64
WIDTHS, WIDE = (128, 590), (512, 1024)
HEARD = 0.1
"""Share of units heard at a step of inference, as at the published sparsities."""
LENGTHS = (50, 100, 200, 400)
MEMORIES = ((784, 16, 64), (784, 16, 256))
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
    agrees = dict.fromkeys(works, "")
    agrees["axonal"] = _agreement(works["axonal"](), works["torch, written out"]())
    required(agrees["axonal"], "axonal")
    case = f"training, {width} units, T {STEPS}, B {BATCH}"
    compare(table, case, works, agrees)
    rate = float((works["axonal"]()[0] != 0).float().mean())
    table.remarks.append(f"{case}: {100 * rate:.0f} % of the units are heard at a step.")


def _agreement(mine: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> str:
    flips = int(((mine[0] != 0) != (other[0] != 0)).sum())
    away = max(
        float((a - b).abs().max() / b.abs().max().clamp(min=1e-9))
        for a, b in zip(mine, other, strict=True)
    )
    said = f"{flips / mine[0].numel():.1e} of events differ" if flips else "same spikes"
    return f"{said}, gradients to {away:.0e}"


def inference(table: Table, width: int) -> None:
    """One sample without gradients, few units heard."""
    x = torch.randn(STEPS, 1, INPUTS)
    ours, gru = neuro.EGRU(INPUTS, width), nn.GRU(INPUTS, width)
    ours.requires_grad_(False)
    gru.requires_grad_(False)
    low, high = 0.0, 1.0
    for _ in range(20):  # the threshold at which so many are heard
        ours.threshold_level.fill_((low + high) / 2)
        rate = float((ours(x)[0] != 0).float().mean())
        low, high = ((low + high) / 2, high) if rate > HEARD else (low, (low + high) / 2)
    case = f"inference, {width} units, T {STEPS}, B 1"
    works: dict[str, Work] = {"axonal": lambda: ours(x), "torch.nn.GRU": lambda: gru(x)}
    compare(table, case, works, {"axonal": f"{100 * rate:.0f} % heard", "torch.nn.GRU": ""})


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
    """Steps of models that go step by step, one sample."""
    models: Mapping[str, nn.Module] = {
        "EGRU": neuro.EGRU(INPUTS, STREAMED),
        "LMUFormer": neuro.LMUFormer(INPUTS, 10, width=STREAMED),
        "SpikingLMUFormer": neuro.SpikingLMUFormer(INPUTS, 10, width=STREAMED),
    }
    steps = 4 if quick else 50
    for name, model in models.items():
        model.eval().requires_grad_(False)
        work = _stepping(model, steps)
        taken = interleaved({name: work}, repetitions=1 if quick else 7)[name]
        each = taken.best / steps
        told = f"{1e6 * each:.0f} us per step"
        table.add_times(f"stream of width {STREAMED}", name, taken, 1.0, told)


def _stepping(model: nn.Module, steps: int) -> Work:
    x = torch.randn(1, 1, INPUTS)
    kept = [model(x)[1]]

    def work() -> None:
        for _ in range(steps):
            kept[0] = model(x, kept[0])[1]

    return work


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
