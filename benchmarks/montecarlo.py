"""Complete heat-bath sweeps of the Hopfield model beside a plain kernel and beside numpy."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from axonal.hebbian.montecarlo._disorder import Disorder
from axonal.hebbian.montecarlo._hopfield import quadratic_setup
from axonal.hebbian.montecarlo._random import key_of
from axonal.hebbian.montecarlo._representation import Form, Walk
from axonal.hebbian.montecarlo.cpu import advance
from benchmarks._measure import Table, interleaved

# N, K, T. At K = 0.1 N memories are kept up to T = 0.315; at K = 0.14 N, beyond what AGS theory
# allows, they last at low temperature only, and at T = 0.3 the state is a glass.
CASES = ((4000, 400, 0.2), (4000, 400, 0.3), (10000, 1400, 0.05), (10000, 1400, 0.3))
GROWTH_N, GROWTH_K = (2000, 4000, 8000, 16000), (512, 1024, 2048, 4096)
SETTLE = 60
SWEEPS = 10
HEADER = ["case", "implementation", "ms a sweep", "its time over ours", "turned", "overlap"]


@numba.njit(fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def plain(X, x, s, beta):  # type: ignore[no-untyped-def]
    """What one writes first: float32 patterns, a row at a time, numba's generator."""
    size, patterns = X.shape
    turned = 0
    for i in range(size):
        row = X[i]
        field = np.float32(0)
        for k in range(patterns):
            field += row[k] * x[k]
        h = (field - patterns * s[i]) / size
        up = np.random.random() < 1 / (1 + math.exp(-2 * beta * h))
        new = np.float32(1) if up else np.float32(-1)
        if new != s[i]:
            turned += 1
            s[i] = new
            for k in range(patterns):
                x[k] += 2 * new * row[k]
    return turned


def vectorised(
    X: NDArray[np.float32],
    x: NDArray[np.float32],
    s: NDArray[np.float32],
    beta: float,
    generator: np.random.Generator,
) -> int:
    """The same in numpy: fields by dot products, all random thresholds at once."""
    size, patterns = X.shape
    u = generator.random(size)
    thresholds = size * np.log(u / (1 - u)) / (2 * beta)
    turned = 0
    for i in range(size):
        new = 1.0 if X[i] @ x - patterns * s[i] > thresholds[i] else -1.0
        if new != s[i]:
            turned += 1
            s[i] = new
            x += 2 * new * X[i]
    return turned


class Ours:
    """Sweeps of one form, going on where the last call stopped."""

    def __init__(self, disorder: Disorder, form: str, T: float) -> None:
        setup, self.targets = quadratic_setup(
            disorder, form=form, factor=1.0, targets=1, examples=False
        )
        one, scale = np.uint64(0), np.float32(T / 2 / setup.unit)
        self.walk = Walk(*key_of(0), one, one, scale, False, False, False)
        self.state: Form = setup.begin(self.targets[0].copy())
        self.first = 0
        self.overlaps, self.energies = np.empty((SWEEPS, 1)), np.empty(SWEEPS)
        self.flips = np.empty(SWEEPS, np.int64)

    def __call__(self) -> int:
        records = (self.overlaps, self.energies, self.flips)
        advance(self.state, self.walk, self.targets, self.first, *records)
        self.first += SWEEPS
        return int(self.flips[-1])

    def overlap(self) -> float:
        """With the first pattern."""
        return float(self.targets[0] @ self.state.spins.astype(float)) / len(self.state.spins)


class Baseline:
    """Sweeps of one of the two functions above."""

    def __init__(self, rows: NDArray[np.int8], sweep: Callable[..., int], T: float) -> None:
        self.rows = rows.astype(np.float32)
        self.spins = self.rows[:, 0].copy()
        self.overlaps = (self.spins @ self.rows).astype(np.float32)
        self.sweep, self.beta = sweep, 1 / T

    def __call__(self, sweeps: int = SWEEPS) -> int:
        for _ in range(sweeps):
            turned = self.sweep(self.rows, self.overlaps, self.spins, self.beta)
        return turned

    def overlap(self) -> float:
        """With the first pattern."""
        return float(self.rows[:, 0] @ self.spins) / len(self.spins)


def run(peers: set[str], *, quick: bool) -> Table:
    """Time every case, then how the cost of a sweep grows with N and with K."""
    table = Table(HEADER)
    for N, K, T in ((400, 40, 0.2),) if quick else CASES:
        compare(table, N, K, T)
    shrink = 16 if quick else 1
    growth(table, "N", [(n // shrink, 400 // shrink) for n in GROWTH_N])
    growth(table, "K", [(4000 // shrink, k // shrink) for k in GROWTH_K])
    return table


def compare(table: Table, N: int, K: int, T: float) -> None:
    """One case, every implementation in its own settled state."""
    disorder = Disorder(N, K, 0.0, 1.0, 1, True, 0, 0)
    rows = disorder.archetypes(0, N)
    generator = np.random.default_rng(0)
    works: dict[str, Any] = {
        "axonal": Ours(disorder, "bits", T),
        "axonal int8": Ours(disorder, "int8", T),
        "axonal matrix": Ours(disorder, "matrix", T),
        "plain float32 numba": Baseline(rows, plain, T),
        "numpy": Baseline(rows, partial(vectorised, generator=generator), T),
    }
    if N > 4000:
        # Its couplings would take longer to make than all sweeps.
        del works["axonal matrix"]
    for work in works.values():
        for _ in range(SETTLE // SWEEPS):
            work()
    times = interleaved(works)
    ours = times["axonal"].best
    for name, work in works.items():
        seconds, turned = times[name].best, work() / N
        overlap = work.overlap()
        ratio = seconds / ours
        cells = [f"N={N}, K={K}, T={T}", name, f"{1e3 * seconds / SWEEPS:.4f}", f"{ratio:.2f}"]
        table.add([*cells, f"{100 * turned:.1f} %", f"{overlap:.3f}"])
        table.json.append(
            {
                "case": f"N={N}, K={K}, T={T}",
                "implementation": name,
                "median_s": seconds / SWEEPS,
                "rounds_s": [t / SWEEPS for t in times[name].rounds],
                "ratio": ratio,
                "share_of_bandwidth": None,
                "turned": turned,
                "overlap": overlap,
            }
        )


def growth(table: Table, name: str, sizes: list[tuple[int, int]]) -> None:
    """Slope of the logarithm of the time over that of N or K, for both forms of patterns."""
    for form in ("bits", "int8"):
        works = {
            f"{size}": Ours(Disorder(*size, 0.0, 1.0, 1, True, 0, 0), form, 0.2) for size in sizes
        }
        for work in works.values():
            for _ in range(SETTLE // SWEEPS):
                work()
        times = [taken.best / SWEEPS for taken in interleaved(works).values()]
        along = [size[0 if name == "N" else 1] for size in sizes]
        slope = float(np.polyfit(np.log(along), np.log(times), 1)[0])
        fixed = f"K={sizes[0][1]}" if name == "N" else f"N={sizes[0][0]}"
        case = f"{name}={along[0]}..{along[-1]}, {fixed}"
        each = " ".join(f"{1e3 * seconds:.3f}" for seconds in times)
        implementation = "axonal" if form == "bits" else f"axonal {form}"
        table.add([case, implementation, each, f"slope {slope:.2f}", "", ""])
        table.json.append(
            {
                "case": case,
                "implementation": implementation,
                "median_s": times[-1],
                "rounds_s": times,
                "ratio": 1.0,
                "share_of_bandwidth": None,
                "slope": slope,
            }
        )
