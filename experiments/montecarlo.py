"""Monte Carlo against replica-symmetric theory, at ten points of every model."""

import math
import statistics
from pathlib import Path
from typing import Any

from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from experiments import _report
from experiments._montecarlo_points import (
    ERRORS,
    FIRST_SAMPLES,
    LARGER,
    LONGEST,
    MOST_SAMPLES,
    SHARE,
    TOLERANCE,
    WANTED_ERROR,
    Point,
)

MEETS, HALVES, MISSES, NOT_RUN = "meets", "halves at 4 N", "misses", "misses; 4 N not run"

HOPFIELD = (
    (0.02, 0.1), (0.02, 0.3), (0.02, 0.5), (0.02, 0.6), (0.05, 0.1),
    (0.05, 0.3), (0.05, 0.45), (0.08, 0.1), (0.08, 0.3), (0.1, 0.2),
)  # fmt: skip
# alpha, T, r, M
EXAMPLES = (
    (0.01, 0.05, 0.5, 20), (0.02, 0.05, 0.5, 60), (0.02, 0.1, 0.8, 5), (0.02, 0.2, 0.8, 5),
    (0.02, 0.3, 0.8, 10), (0.05, 0.1, 0.8, 5), (0.05, 0.2, 0.8, 10), (0.05, 0.1, 0.9, 3),
    (0.08, 0.1, 0.8, 20), (0.08, 0.2, 0.9, 10),
)  # fmt: skip
# gamma, T
P3 = (
    (0.02, 0.2), (0.02, 0.4), (0.05, 0.2), (0.05, 0.3), (0.05, 0.4),
    (0.1, 0.2), (0.1, 0.3), (0.1, 0.4), (0.15, 0.3), (0.2, 0.2),
)  # fmt: skip
P4 = (
    (0.01, 0.2), (0.01, 0.3), (0.02, 0.2), (0.02, 0.3), (0.02, 0.35),
    (0.05, 0.2), (0.05, 0.3), (0.1, 0.1), (0.1, 0.2), (0.15, 0.2),
)  # fmt: skip
# K, d, T
DILUTED = (
    (2, 0.3, 0.1), (2, 0.5, 0.2), (2, 0.5, 0.4), (3, 0.3, 0.05), (3, 0.5, 0.05),
    (3, 0.5, 0.3), (3, 0.7, 0.2), (3, 0.8, 0.3), (4, 0.5, 0.1), (4, 0.8, 0.3),
)  # fmt: skip
PROTOCOLS = ("supervised", "unsupervised")
DENSE = {"dense, P = 3": (3, 500, P3), "dense, P = 4": (4, 110, P4)}


def plan() -> list[Point]:
    """Ten points a model."""
    points = [Point("Hopfield", alpha, T, 4000) for alpha, T in HOPFIELD]
    for protocol in PROTOCOLS:
        for alpha, T, r, M in EXAMPLES:
            learned = {"quality": r, "examples": M, "protocol": protocol}
            points.append(Point(f"noisy examples, {protocol}", alpha, T, 4000, learned))
    for family, (P, N, chosen) in DENSE.items():
        points += [Point(family, gamma, T, N, {"P": P}, 100, 30) for gamma, T in chosen]
    for K, d, T in DILUTED:
        points.append(Point("multitasking", 0.0, T, 5000, {"K": K, "dilution": d}, 4000, 4000))
    return points


def write(store: Store, out: Path) -> list[Path]:
    """Write montecarlo.md and montecarlo.json."""
    families: dict[str, list[Row]] = {}
    missing = store.missing(plan())
    for point in plan():
        if point not in missing:
            families.setdefault(point.family, []).append(store.find(point))
    return [
        _report.write_text(out / "montecarlo.md", _page(families, missing)),
        _report.write_data(
            out / "montecarlo.json",
            {
                family: [
                    {**row["changes"], "runs": row["runs"], "verdict": verdict(row)} for row in rows
                ]
                for family, rows in families.items()
            },
        ),
    ]


def verdict(row: Row) -> str:
    """Whether a point meets what is asked, or at least halves its deviation at 4 N."""
    first, *again = row["runs"]
    if first["meets"]:
        return MEETS
    if not again:
        return NOT_RUN
    return HALVES if abs(again[0]["deviation"]) <= abs(first["deviation"]) / 2 else MISSES


def _page(families: dict[str, list[Row]], missing: list[Point]) -> str:
    """Text of montecarlo.md; of the points that meet, it says how many do by their error alone."""
    everything = [row for rows in families.values() for row in rows]
    met = [row["runs"][0] for row in everything if verdict(row) == MEETS]
    kinds = (MEETS, HALVES, MISSES, NOT_RUN)
    return _report.page(
        "montecarlo",
        "montecarlo",
        [{**row, "changes": {"seed": row["changes"]["seed"]}} for row in everything],
        "points",
        chosen=False,
        first_samples=FIRST_SAMPLES,
        wanted_error=f"{WANTED_ERROR:g}",
        most_samples=MOST_SAMPLES,
        tolerance=f"{TOLERANCE:g}",
        errors=f"{ERRORS:g}",
        larger=LARGER,
        share=f"{SHARE:g}",
        longest=f"{LONGEST:g}",
        counts=markdown_table(
            ["model", *kinds],
            [[family, *(_count(rows, k) for k in kinds)] for family, rows in families.items()],
        ),
        families=[_family(name, rows) for name, rows in families.items()],
        missing=missing,
        met=len(met),
        wide=sum(abs(run["deviation"]) > TOLERANCE for run in met),
    )


def _family(name: str, rows: list[Row]) -> dict[str, Any]:
    """Heading and table of a model, and what its samples say where each was compared by itself."""
    alone = name == "multitasking"
    return {
        "name": f"{name[0].upper()}{name[1:]}",
        "table": _diluted(rows) if alone else _retrieved(rows),
        "samples": _explained(rows) if alone else None,
    }


def _count(rows: list[Row], kind: str) -> int:
    return sum(verdict(row) == kind for row in rows)


def _name(point: dict[str, Any]) -> list[str]:
    learned = point["parameters"]
    noise = [f"r = {learned['quality']}, M = {learned['examples']}"] if "quality" in learned else []
    return [", ".join([f"{point['load']:g}, {point['T']:g}", *noise])]


def _retrieved(rows: list[Row]) -> str:
    cells = []
    for row in rows:
        for place, run in enumerate(row["runs"]):
            cells.append(
                [
                    *(["at 4 N"] if place else _name(row["changes"])),
                    run["N"],
                    run["samples"],
                    f"{run['theory']:.4f}",
                    f"{run['montecarlo']:.4f}",
                    f"{run['error']:.4f}",
                    f"{run['deviation']:+.4f}",
                    f"{run['survival']:.3f}",
                    "" if place else verdict(row),
                ]
            )
    header = ["load, T", "N", "samples", "theory", "Monte Carlo", "error", "deviation"]
    return markdown_table([*header, "survival", "verdict"], cells)


def _diluted(rows: list[Row]) -> str:
    cells = []
    for row in rows:
        point = row["changes"]
        for place, run in enumerate(row["runs"]):
            softest = min(each["curvature"] for each in run["each"])
            label = f"{point['parameters']['K']}, {point['parameters']['dilution']}, {point['T']}"
            cells.append(
                [
                    "at 4 N" if place else label,
                    run["N"],
                    run["samples"],
                    f"{run['deviation']:.4f} ± {run['error']:.4f}",
                    f"{run['largest']:.4f}",
                    f"{run['within']} of {run['samples']}",
                    f"{run['from_exact']:.4f}",
                    f"{softest:.2f}",
                    "" if place else verdict(row),
                ]
            )
    header = ["K, d, T", "N", "samples", "deviation", "largest", f"within {TOLERANCE:g}"]
    return markdown_table([*header, "from finite-N average", "least curvature", "verdict"], cells)


def _explained(rows: list[Row]) -> dict[str, Any]:
    """Deviations from the saddle point beyond a finite-N average."""
    each = [sample for row in rows for sample in row["runs"][0]["each"]]
    off = [sample for sample in each if sample["deviation"] > TOLERANCE]
    told: dict[str, Any] = {"count": len(each), "off": len(off)}
    if not off:
        return told
    before = math.sqrt(statistics.fmean(sample["deviation"] ** 2 for sample in off))
    after = math.sqrt(statistics.fmean(sample["from_exact"] ** 2 for sample in off))
    soft = statistics.median(sample["curvature"] for sample in off)
    rest = statistics.median(s["curvature"] for s in each if s["deviation"] <= TOLERANCE)
    return {
        **told,
        "soft": f"{soft:.2f}",
        "rest": f"{rest:.2f}",
        "before": f"{before:.4f}",
        "after": f"{after:.4f}",
        "explained": sum(sample["from_exact"] <= TOLERANCE for sample in off),
        "softening": [_softening(row) for row in rows if verdict(row) == MISSES],
    }


def _softening(row: Row) -> dict[str, Any]:
    """The softest direction of a point that misses, at N and at 4 N."""
    first, again = row["runs"]
    before, after = (min(each["curvature"] for each in run["each"]) for run in (first, again))
    return {
        **row["changes"]["parameters"],
        "T": row["changes"]["T"],
        "before": f"{before:.2f}",
        "after": f"{after:.2f}",
        "from_exact": f"{again['from_exact']:.4f}",
        "deviation": f"{again['deviation']:.4f}",
    }
