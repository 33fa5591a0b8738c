"""WKV, ternary products and whole language models beside their forms in plain torch."""

from collections.abc import Callable

import torch
from torch import Tensor

from axonal.neuro.ops.ternary_product import pack, ternary_product
from axonal.neuro.ops.wkv import wkv
from benchmarks import _language_models
from benchmarks._measure import TIMED, Table, compare

STEPS = 1024
SIZES = ((8, 128), (16, 512))
"""Batch and width."""
WIDTHS = (512, 2048)
TOLERANCE = 1e-4
"""Largest deviation of ours, as a share of the largest number."""
TINY = 1e-30

Run = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def run(peers: set[str], *, quick: bool) -> Table:
    """Time the recurrence, the product of ternary weights, training and writing."""
    table = Table(TIMED)
    torch.manual_seed(0)
    for batch, width in ((2, 8),) if quick else SIZES:
        recurrence(table, 32 if quick else STEPS, batch, width)
    for size in (64,) if quick else WIDTHS:
        product(table, size)
    _language_models.training(table, quick=quick)
    _language_models.writing(table, quick=quick)
    return table


def product(table: Table, size: int) -> None:
    """One row times ternary weights, packed, beside the product of floats."""
    signs = torch.randint(-1, 2, (size, size), generator=torch.Generator().manual_seed(0))
    x, weight = torch.randint(-128, 128, (1, size)).float(), signs.float().T.contiguous()
    packed, rows = pack(signs.numpy()), x.numpy()
    works = {
        "axonal": lambda: ternary_product(rows, packed),
        "torch.mm": lambda: torch.mm(x, weight),
    }
    if not (works["axonal"]() == torch.mm(x, weight).numpy()).all():
        raise SystemExit("the packed product differs from that of torch.")
    agrees = {
        "axonal": f"equal, {packed.nbytes} bytes of weights",
        "torch.mm": f"{weight.nbytes} bytes of weights",
    }
    compare(table, f"ternary product, 1 x {size} x {size}", works, agrees)


def recurrence(table: Table, steps: int, batch: int, width: int) -> None:
    """Forward and backward of one size."""
    leaves = (
        torch.randn(steps, batch, width), torch.randn(steps, batch, width),
        -torch.linspace(-5, 3, width).exp(), torch.randn(width),
    )  # fmt: skip
    leaves = tuple(a.requires_grad_() for a in leaves)
    cotangent = torch.randn(steps, batch, width)

    def work(recurrence: Run) -> Callable[[], tuple[Tensor, ...]]:
        def once() -> tuple[Tensor, ...]:
            y = recurrence(*leaves)
            return y.detach(), *torch.autograd.grad(y, leaves, cotangent)

        return once

    works = {
        "axonal": work(lambda *given: wkv(*given)[0]),
        "loop over tokens, torch": work(lambda *given: wkv(*given, backend="reference")[0]),
        "log-space parallel scan, torch": work(log_space_scan),
    }
    expected = works["loop over tokens, torch"]()
    agrees = {}
    for name, done in works.items():
        away = _away(done(), expected)
        agrees[name] = f"to {away:.0e}"
        if name == "axonal" and not away < TOLERANCE:
            raise SystemExit(f"axonal differs from the definition by {away:.0e} of the largest.")
    case = f"WKV, T {steps}, B {batch}, {width} channels"
    compare(table, case, works, agrees, repetitions=3)


def _away(made: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> float:
    pairs = zip(made, expected, strict=True)
    return max(float((a - b).detach().abs().max() / b.detach().abs().max()) for a, b in pairs)


def log_space_scan(k: Tensor, v: Tensor, w: Tensor, u: Tensor) -> Tensor:
    """The same means by scans over all steps at once, in logarithms of the sums.

    log sum_{i<t} exp((t - 1 - i) w + k_i) is a cumulative log-sum-exp of k_i - i w; values have to
    be positive for a logarithm, so that those above and below zero take a scan each.
    """
    steps = torch.arange(len(k), dtype=k.dtype)[:, None, None]
    flat = k - steps * w
    parts = [flat, flat + v.clamp(min=TINY).log(), flat + (-v).clamp(min=TINY).log()]
    sums = [
        torch.cat((k.new_full((1, *k.shape[1:]), -1e38), p.logcumsumexp(0)[:-1])) for p in parts
    ]
    below, above, under = (torch.where(steps > 0, s + (steps - 1) * w, s) for s in sums)
    highest = torch.maximum(below, u + k).detach()
    now = (u + k - highest).exp()
    top = (above - highest).exp() - (under - highest).exp() + now * v
    return top / ((below - highest).exp() + now)
