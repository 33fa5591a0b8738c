"""Dense memories of noisy examples: theory against slow overlaps and Monte Carlo, at six points."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.hebbian import DenseHopfield
from axonal.recipes._runs import Job
from experiments import _report

STEPS, RATE = 6000, 0.05
"""Of the slow overlap with what is stored; the overlap of two replicas follows ten times faster."""


@dataclass(frozen=True)
class Point(Job):
    """A point on a branch.

    Args:
        P: order of the interaction.
        rho: entropy of the data set.
        T: temperature.
        gamma: load.
        phase: branch, "retrieval" or "low-overlap".
        N: sites of the simulation.
        samples: of disorder.
        sweeps: measured.
        warmup: before them.
        seed: of all random numbers.
    """

    P: int
    rho: float
    T: float
    gamma: float
    phase: str
    N: int
    samples: int
    sweeps: int = 100
    warmup: int = 100
    seed: int = 0

    @property
    def model(self) -> DenseHopfield:
        """The memory, with normal class means."""
        return DenseHopfield(self.P, rho=self.rho)

    @property
    def identity(self) -> list[Any]:
        """The point, and how slow overlaps follow."""
        return ["branches", "stored", dataclasses.asdict(self), STEPS, RATE]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the point."""
        return "branches", dataclasses.asdict(self)

    def measure(self) -> Row:
        """Theory, slow overlaps and Monte Carlo; all runs count, since none is lost by a jump."""
        model = self.model
        state = model.theory(self.gamma, self.T, self.phase)
        found = model.simulate(
            self.gamma,
            self.T,
            N=self.N,
            samples=self.samples,
            sweeps=self.sweeps,
            warmup=self.warmup,
            start="stored",
            survive=-1.0,
            seed=self.seed,
            threads=1,
        )
        return {
            "gamma_M": float(model.gamma_M(self.T)),
            "gamma_low": float(model.gamma_low(self.T)),
            "m": float(state.m),
            "n": float(state.n),
            "slow_n": slow_overlap(model, self.gamma, self.T),
            "replicon": float(state.replicon),
            "minmax": bool(state.minmax),
            "montecarlo": found.overlap,
            "error": found.overlap_error,
        }


def slow_overlap(model: DenseHopfield, gamma: float, T: float) -> float:
    """Overlap n in which order parameters end that start at the pattern, n slow and q following.

    The free energy is least over n and largest over q: both at one pace would oscillate.
    """
    system = model._system()
    n, q, temperature = np.array(1.0), np.array(1.0), np.array(T)
    for _ in range(STEPS):
        s = np.sqrt(gamma * system.crosstalk.variance(q, (1 - q) / temperature))
        site = system.signal.averages(n ** (model.P - 1), s, temperature)
        n, q = n + RATE * (site.n - n), q + 10 * RATE * (site.q - q)
    return float(n)


def plan() -> list[Point]:
    """Six points, five on branches of patterns and one of low overlap."""
    return [
        Point(3, 0.5, 0.2, 0.1, "retrieval", 700, 16),
        Point(3, 1.0, 0.25, 0.1, "retrieval", 700, 16),
        Point(4, 0.2, 0.1, 0.06, "retrieval", 200, 16),
        Point(4, 8.0, 0.1, 0.03, "retrieval", 200, 24),
        Point(4, 5.0, 0.1, 0.08, "low-overlap", 200, 16),
        Point(5, 0.3, 0.1, 0.03, "retrieval", 100, 16),
    ]


def write(store: Store, out: Path) -> list[Path]:
    """Write branches.md and branches.json."""
    rows = [store.find(point) for point in plan()]
    return [
        _report.write_text(out / "branches.md", _page(rows)),
        _report.write_data(out / "branches.json", {"points": rows}),
    ]


def _page(rows: list[Row]) -> str:
    header = (
        "P, rho, T, gamma", "branch", "gamma_M, gamma_low", "n, slow n", "replicon", "N, samples",
        "m, theory", "m, Monte Carlo", "deviation", "in errors", "seed",
    )  # fmt: skip
    return _report.page(
        "branches",
        "branches",
        rows,
        "points",
        chosen=False,
        steps=STEPS,
        rate=RATE,
        points=markdown_table(header, [_cells(row) for row in rows]),
    )


def _cells(row: Row) -> list[Any]:
    point = row["changes"]
    deviation = row["montecarlo"] - row["m"]
    errors = deviation / row["error"] if row["error"] else math.nan
    return [
        ", ".join(f"{point[name]:g}" for name in ("P", "rho", "T", "gamma")),
        point["phase"],
        f"{row['gamma_M']:.5f}, {row['gamma_low']:.5f}",
        f"{row['n']:.6f}, {row['slow_n']:.6f}",
        f"{row['replicon']:.3f}",
        f"{point['N']}, {point['samples']}",
        f"{row['m']:.4f}",
        f"{row['montecarlo']:.4f} ± {row['error']:.4f}",
        f"{deviation:+.4f}",
        f"{errors:+.1f}",
        point["seed"],
    ]
