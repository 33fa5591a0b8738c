"""Products of spikes with weights beside dense ones, forward and for the weight gradient."""

from collections.abc import Callable

import torch
from torch import Tensor

from axonal.neuro.ops.spike_linear import spike_linear
from benchmarks._agree import seeded
from benchmarks._measure import TIMED, Table, compare

ROWS, SOURCES, TARGETS = 12800, 256, 256
RATES = (0.01, 0.05, 0.1, 0.3)


def deviation(mine: Callable[[], Tensor], definition: Callable[[], Tensor]) -> str:
    """Largest deviation, relative to the largest value."""
    a, b = mine(), definition()
    return f"all results to {float((a - b).abs().max() / b.abs().max()):.0e}"


def run(peers: set[str], *, quick: bool) -> Table:
    """Time both products at several firing rates; at the last one ours hands over to torch."""
    table = Table(TIMED)
    rows = ROWS // 20 if quick else ROWS
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(TARGETS, SOURCES, generator=generator)
    g = torch.randn(rows, TARGETS, generator=generator)
    for rate in RATES:
        x = (seeded(rows, SOURCES) < rate).float()

        def forward(backend: str, x: Tensor = x) -> Tensor:
            with torch.no_grad():
                return spike_linear(x, weight, backend=backend)

        def gradient(backend: str, x: Tensor = x) -> Tensor:
            return torch.ops.axonal.spike_linear_weight(x, g) if backend == "cpu" else g.T @ x

        for case, product in (("forward", forward), ("weight gradient", gradient)):
            works = {
                "axonal": lambda product=product: product("cpu"),
                "torch-mm": lambda product=product: product("reference"),
            }
            agrees = {name: deviation(work, works["torch-mm"]) for name, work in works.items()}
            compare(table, f"{case} {100 * rate:.0f} %", works, agrees)
    return table
