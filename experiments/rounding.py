"""Costs of rounding the delays of a network, with and without freezing them before."""

from pathlib import Path
from typing import Any

from axonal import recipes
from axonal._base.statistics import paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._runs import Run
from experiments import _report

RECIPES = ("digits", "coincidence")
WAYS = {
    "frozen": "rounded and frozen for the last third",
    "narrowed": "never frozen, Gaussian narrowed to a width of 0.5 steps",
    "wide": "never frozen, Gaussian as wide as at the start",
}


def changes(recipe: str, way: str) -> dict[str, Any]:
    """Settings of a way to end training."""
    settings = recipes.find(recipe).Settings()
    if way == "frozen":
        return {}
    first = settings.sigma or settings.max_delay / 2
    return {"freeze_from": 1.0, **({"final_sigma": first} if way == "wide" else {})}


def plan() -> list[Run]:
    """Every recipe and way to end training, one run per seed."""
    return [run for recipe in RECIPES for way in WAYS for run in _runs(recipe, way)]


def _runs(recipe: str, way: str) -> list[Run]:
    return [Run(recipe, {"seed": seed, **changes(recipe, way)}) for seed in _report.SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write rounding.md and rounding.json."""
    lines: list[list[str]] = []
    numbers: dict[str, Any] = {}
    everything: list[Row] = []
    for recipe in RECIPES:
        for way, description in WAYS.items():
            rows = [store.find(run) for run in _runs(recipe, way)]
            everything += rows
            kernel = [row["test_with_training_kernel"] for row in rows]
            rounded = [row["test"] for row in rows]
            loss = paired(kernel, rounded)
            most = max(row["changed_by_rounding"] for row in rows)
            cells = [spread(kernel), spread(rounded), str(loss)]
            lines.append([recipe, description, *cells, f"{most:.1%}"])
            numbers[f"{recipe}, {way}"] = {
                "training_kernel": kernel,
                "rounded": rounded,
                "loss": loss.mean,
                "half_width_95": loss.half,
                "most_changed": most,
            }
    frozen = [numbers[f"{recipe}, frozen"] for recipe in RECIPES]
    exact = all(n["training_kernel"] == n["rounded"] and n["most_changed"] == 0 for n in frozen)
    text = _report.page(
        "rounding",
        "rounding",
        everything,
        exact=exact,
        table=markdown_table(
            [
                "recipe",
                "delays",
                "training kernel",
                "rounded",
                "loss by rounding, 95 % interval",
                "most samples with another class",
            ],
            lines,
        ),
    )
    return [
        _report.write_text(out / "rounding.md", text),
        _report.write_data(out / "rounding.json", numbers),
    ]
