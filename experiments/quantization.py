"""Costs of quantising: digits in float, on Loihi 2 and on SpiNNaker, over seeds."""

import statistics
from pathlib import Path
from typing import Any

from axonal._base.statistics import Difference, paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from experiments import _report
from experiments._quantized_run import (
    CALIBRATION,
    CHIPS,
    EPOCHS,
    Quantized,
)

MOST_LOST = 0.01
NAMES = {"loihi2": "Loihi 2", "spinnaker": "SpiNNaker"}
STAGES = ("calibrated", "fine-tuned")
ARMS = [f"{chip} {stage}" for chip in CHIPS for stage in STAGES]


def plan() -> list[Quantized]:
    """One network per seed, with all that is made of it."""
    return [Quantized(seed) for seed in _report.SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write quantization.md and quantization.json."""
    rows = [store.find(run) for run in plan()]
    test = {arm: [row["test"][arm] for row in rows] for arm in ("float", *ARMS)}
    change = {arm: paired(test[arm], test["float"]) for arm in ARMS}
    numbers = {
        "test": test,
        "change": {arm: vars(difference) for arm, difference in change.items()},
        "layers": {arm: _layers(rows, arm) for arm in ARMS},
        "overflows": {arm: sum(row["reports"][arm]["overflows"] for row in rows) for arm in ARMS},
    }
    return [
        _report.write_text(out / "quantization.md", _page(rows, numbers, change)),
        _report.write_data(out / "quantization.json", numbers),
    ]


def _layers(rows: list[Row], arm: str) -> dict[str, dict[str, list[float]]]:
    """Errors of every projection and population, one value per seed."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        report = row["reports"][arm]
        for q in report["projections"]:
            own = found.setdefault(q["projection"], {})
            shares = {key: q[key] / q["synapses"] for key in ("saturated", "rounded to zero")}
            for key, value in {**shares, "error": q["error"], "exponent": q["exponent"]}.items():
                own.setdefault(key, []).append(value)
        for p in report["populations"]:
            own = found.setdefault(p["population"], {})
            cells = report["cells"].get(p["population"], 1)
            own.setdefault("difference", []).append(p["difference"] / cells)
            own.setdefault("decay", []).append(p["decay_error"])
    return found


def _page(rows: list[Row], numbers: dict[str, Any], change: dict[str, Difference]) -> str:
    test = numbers["test"]
    calibrated, tuned = change["loihi2 calibrated"], change["loihi2 fine-tuned"]
    return _report.page(
        "quantization",
        "quantization",
        rows,
        loihi2=_stages(change, "loihi2"),
        spinnaker=_stages(change, "spinnaker"),
        held=calibrated.mean > -MOST_LOST and not tuned.negative,
        accuracies=markdown_table(
            ["", "test", "less float, 95 % interval", "lowest seed less float"],
            [
                ["float", spread(test["float"]), "", ""],
                *(
                    [
                        _name(arm),
                        spread(test[arm]),
                        str(change[arm]),
                        f"{min(a - b for a, b in zip(test[arm], test['float'], strict=True)):+.4f}",
                    ]
                    for arm in ARMS
                ),
            ],
        ),
        layers=markdown_table(
            ["", "projection", "exponent", "saturated", "rounded to zero", "rounding error"],
            [
                [
                    _name(arm),
                    layer,
                    _exponents(own["exponent"]),
                    f"{statistics.fmean(own['saturated']):.2%}",
                    f"{statistics.fmean(own['rounded to zero']):.2%}",
                    f"{statistics.fmean(own['error']):.2g} ± {statistics.stdev(own['error']):.1g}",
                ]
                for arm in ARMS
                for layer, own in numbers["layers"][arm].items()
                if "exponent" in own
            ],
        ),
        populations=markdown_table(
            ["", "population", "largest change of a decay", "differs from float"],
            [
                [
                    _name(arm),
                    layer,
                    f"{max(own['decay']):.1e}",
                    f"{statistics.fmean(own['difference']):.2g} ± "
                    f"{statistics.stdev(own['difference']):.1g}",
                ]
                for arm in ARMS
                for layer, own in numbers["layers"][arm].items()
                if "decay" in own
            ],
        ),
        calibration=CALIBRATION,
        overflows=[f"{n} on {_name(arm)}" for arm, n in numbers["overflows"].items() if n],
        epochs=EPOCHS,
    )


def _stages(change: dict[str, Difference], chip: str) -> dict[str, str]:
    names = {"calibrated": f"{chip} calibrated", "tuned": f"{chip} fine-tuned"}
    return {stage: _points(change[arm]) for stage, arm in names.items()}


def _points(difference: Difference) -> str:
    return f"{100 * difference.mean:+.2f} ± {100 * difference.half:.2f}"


def _name(arm: str) -> str:
    chip, _, stage = arm.partition(" ")
    return f"{NAMES[chip]}, {stage}"


def _exponents(values: list[float]) -> str:
    low, high = int(min(values)), int(max(values))
    return f"{low}" if low == high else f"{low} to {high}"
