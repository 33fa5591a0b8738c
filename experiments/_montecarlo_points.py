"""One point of the experiment ``montecarlo``: samples are added until their mean is known."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonal._base.sweeps import Row
from axonal.hebbian import DenseHopfield, Hopfield, MultitaskingHopfield
from axonal.hebbian.montecarlo import Measurement, multitasking_archetypes, statistics
from axonal.hebbian.theory.site_classes import sample_classes
from axonal.recipes._runs import Job
from experiments import _montecarlo_finite

TOLERANCE, ERRORS = 3e-3, 4.0
WANTED_ERROR = 1.5e-3
FIRST_SAMPLES, MOST_SAMPLES = 16, 256
LARGER = 4
RATE = 3e9
"""Entries of patterns that one core reads in a second, roughly: dense memories, a busy machine."""
LONGEST = 1200.0
"""Seconds up to which samples are added, and up to which a point that misses is run again."""
SHARE = 5.0
"""The standard error at 4 N, in parts of the deviation that must halve there."""


@dataclass(frozen=True)
class Point(Job):
    """A point at which Monte Carlo and theory are compared.

    Args:
        family: heading under which it is reported.
        parameters: of the model.
        load: alpha or gamma; unused by the multitasking network.
        T: temperature.
        N: sites.
        sweeps: measured.
        warmup: sweeps before them.
        seed: of the first samples; each doubling takes the next one.
    """

    family: str
    load: float
    T: float
    N: int
    parameters: dict[str, Any] = field(default_factory=dict)
    sweeps: int = 200
    warmup: int = 100
    seed: int = 0

    @property
    def model(self) -> Hopfield | DenseHopfield | MultitaskingHopfield:
        """The model, from its parameters."""
        if "dilution" in self.parameters:
            return MultitaskingHopfield(**self.parameters)
        return (DenseHopfield if "P" in self.parameters else Hopfield)(**self.parameters)

    @property
    def identity(self) -> list[Any]:
        """The point, and the limits of its samples."""
        limits = (TOLERANCE, ERRORS, WANTED_ERROR, FIRST_SAMPLES, MOST_SAMPLES, LARGER)
        return ["montecarlo", dataclasses.asdict(self), limits, LONGEST, SHARE]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the point."""
        return "montecarlo", dataclasses.asdict(self)

    def measure(self) -> Row:
        """Compare at N, and at 4 N if that misses."""
        mixed = "dilution" in self.parameters
        runs = [diluted(self) if mixed else retrieved(self)]
        larger = at_larger_size(self)
        seconds = predicted_seconds(larger)
        if not runs[0]["meets"] and seconds <= LONGEST:
            error = abs(runs[0]["deviation"]) / SHARE
            runs.append(diluted(larger) if mixed else retrieved(larger, min(error, WANTED_ERROR)))
        return {
            "runs": runs,
            "predicted_seconds_at_4N": round(seconds, 1),
        }


def at_larger_size(point: Point) -> Point:
    """The same point at 4 N; dense memories there move less and cost 4^P as much: fewer sweeps."""
    larger = dataclasses.replace(point, N=LARGER * point.N)
    return dataclasses.replace(larger, sweeps=40, warmup=20) if "P" in point.parameters else larger


def predicted_seconds(point: Point, samples: int = FIRST_SAMPLES) -> float:
    """Seconds that samples take: a dense memory reads K N entries a sweep."""
    if "P" not in point.parameters:
        return 0.0
    P = int(point.parameters["P"])
    entries = point.load * float(point.N) ** P / math.factorial(P - 1)
    return float(samples * (point.sweeps + point.warmup) * entries / RATE)


def doubling(
    simulate: Callable[[int, int], Measurement],
    wanted: float = WANTED_ERROR,
    most: int = MOST_SAMPLES,
) -> list[Measurement]:
    """Batches of samples, each as large as all before, until the error of their mean is small.

    Args:
        simulate: takes a number of samples and which batch it is.
        wanted: standard error that is small enough.
        most: samples of all batches.
    """
    batches = [simulate(FIRST_SAMPLES, 0)]
    while True:
        m, survived = _joined(batches)
        error = statistics.survivors(m, survived).error
        if error <= wanted or 2 * len(m) > most:
            return batches
        batches.append(simulate(len(m), len(batches)))


def _joined(batches: list[Measurement]) -> tuple[Any, Any]:
    overlaps = np.concatenate([batch.overlaps for batch in batches])
    return overlaps, np.concatenate([batch.survived for batch in batches])


def _settings(point: Point, samples: int, batch: int) -> dict[str, Any]:
    return {
        "N": point.N,
        "samples": samples,
        "sweeps": point.sweeps,
        "warmup": point.warmup,
        "seed": point.seed + 1000 * batch,
        "threads": 1,
    }


def retrieved(point: Point, wanted: float = WANTED_ERROR) -> dict[str, Any]:
    """Overlap of the memories that survive, against theory."""
    model: Any = point.model

    def simulate(samples: int, batch: int) -> Measurement:
        found: Measurement = model.simulate(point.load, point.T, **_settings(point, samples, batch))
        return found

    most = MOST_SAMPLES
    while most > FIRST_SAMPLES and predicted_seconds(point, most) > LONGEST:
        most //= 2
    m, survived = _joined(doubling(simulate, wanted, most))
    kept = statistics.survivors(m, survived)
    theory = float(model.theory(point.load, point.T).m)
    return {
        "N": point.N,
        "samples": len(m),
        "theory": theory,
        "montecarlo": kept.mean,
        "error": kept.error,
        "survival": float(survived.mean()),
        "deviation": kept.mean - theory,
        "meets": bool(abs(kept.mean - theory) <= max(TOLERANCE, ERRORS * kept.error)),
    }


def diluted(point: Point) -> dict[str, Any]:
    """Overlaps with all patterns, sample by sample, against theory with the sample's columns.

    Theory starts at the overlaps that were found, since samples order their patterns in their own
    way. The deviation of a sample is that of its worst overlap; every sample must meet the limit.
    What must halve at 4 N is the mean over samples, which has no signs to cancel.
    """
    model = point.model
    assert isinstance(model, MultitaskingHopfield)
    settings = _settings(point, FIRST_SAMPLES, 0)
    found = model.simulate(point.T, **settings)
    rows = []
    for sample, m in enumerate(found.archetype_overlaps[:, 0]):
        xi = multitasking_archetypes(
            point.N, model.K, dilution=model.dilution, seed=point.seed, sample=sample
        )
        state = model.sample_theory(xi, point.T, start=m)
        columns = sample_classes(xi)
        exact = _montecarlo_finite.average(columns, model.dilution, point.T, point.N, state.n)
        rows.append(
            {
                "theory": state.m.tolist(),
                "montecarlo": m.tolist(),
                "exact": exact.tolist(),
                "curvature": float(state.curvature),
                "deviation": float(np.abs(m - state.m).max()),
                "from_exact": float(np.abs(m - exact).max()),
            }
        )
    deviations = np.array([row["deviation"] for row in rows])
    return {
        "N": point.N,
        "samples": len(rows),
        "each": rows,
        "deviation": float(deviations.mean()),
        "error": float(deviations.std(ddof=1) / math.sqrt(len(rows))),
        "largest": float(deviations.max()),
        "within": int((deviations <= TOLERANCE).sum()),
        "from_exact": float(np.mean([row["from_exact"] for row in rows])),
        "meets": bool(deviations.max() <= TOLERANCE),
    }
