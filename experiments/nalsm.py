"""Liquids kept at the activity of their input by an astrocyte, beside liquids and controls."""

import itertools
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axonal import recipes
from axonal._base.colours import BLACK, BLUE, ORANGE
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.datasets import mnist
from axonal.recipes._runs import Job
from axonal.recipes._study import Parts
from axonal.reservoirs import NALSM, Astrocyte, PairSTDP
from axonal.reservoirs.criticality import branching_factor
from experiments import _report

SEEDS = (1, 2, 3)
FOLDS = (1, 2, 3, 4, 5)
PASSES = 2000
"""Of the paper's readout; it has up to 5000 and stops by validation, as here."""
TUNED = (0.4, 0.55, 0.7, 0.85, 1.0)
"""Weights of static liquids that are compared, the paper's choice in the middle."""
LIQUIDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "astrocyte, parity": ("astrocyte, accidents of the original kept", {"parity": True}),
    "static, parity": (
        "static, weights .7, accidents kept",
        {"arm": "static", "weight": 0.7, "parity": True},
    ),
    "stdp, parity": (
        "plasticity without an astrocyte, accidents kept",
        {"arm": "stdp", "parity": True},
    ),
    "8000 neurons": (
        "astrocyte, 8000 neurons, accidents kept",
        {"neurons": 8000, "strength": 0.0075, "parity": True, "passes": 500},
    ),
    "astrocyte": ("astrocyte", {}),
    "static": ("static, weights .7", {"arm": "static", "weight": 0.7}),
    "relu": ("1000 random ReLU features of the pixels", {"arm": "relu"}),
    "pixels": ("pixels", {"arm": "pixels"}),
    **{
        f"weight {weight}": (
            f"static, weights {weight}, accidents kept, 5000 pictures for training",
            {"arm": "static", "weight": weight, "parity": True, "training": 5000, "passes": 200},
        )
        for weight in TUNED
    },
}
PUBLISHED = {
    "nalsm-mnist": {
        "astrocyte, parity": "95.96 ± .13",
        "static, parity": "95.22 ± .08",
        "stdp, parity": "89.47 ± .45",
        "8000 neurons": "97.49 ± .11",
    },
    "nalsm-fashion": {"astrocyte, parity": "83.05 ± .21"},
}
"""Test accuracies in percent, recomputed from the spreadsheet in the authors' repository."""
REPEATED: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "nalsm-mnist": {
        "astrocyte, parity": SEEDS,
        "static, parity": (1,),
        "stdp, parity": (1,),
        "8000 neurons": (1,),
        "astrocyte": (1,),
        "static": (1,),
        "relu": (1,),
        "pixels": (1,),
    },
    "nalsm-fashion": {
        "astrocyte, parity": (1,),
        "relu": (1,),
        "pixels": (1,),
    },
    "nalsm-nmnist": {
        "astrocyte, parity": FOLDS,
        "stdp, parity": FOLDS[:4],
        "astrocyte": FOLDS,
        "relu": FOLDS,
        "pixels": FOLDS,
    },
}
"""Seeds of each arm; those of N-MNIST have a fold each."""
STRENGTHS = (0.002, 0.0075, 0.015, 0.025, 0.05, 0.1, 0.2)
STRENGTH_POINTS = (1.424, 1.325, 1.246, 1.179, 1.086, 0.988, 0.885)
WEIGHTS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
WEIGHT_POINTS = (0.369, 0.539, 0.704, 0.863, 1.002, 1.130, 1.240, 1.341, 1.404)
"""Branching factors of arXiv 2111.01760, from the same spreadsheet."""
RIDGE = "ridge_validation_accuracy"
WATCHED, START, STOP = 20, 25, 225
TRAINING = 50_000


@dataclass(frozen=True)
class Trained(Job):
    """A liquid or a control with its readouts.

    Args:
        recipe: "nalsm-mnist", "nalsm-fashion" or "nalsm-nmnist".
        arm: a key of `LIQUIDS`.
        seed: of the run.
    """

    recipe: str
    arm: str
    seed: int

    @property
    def changes(self) -> dict[str, Any]:
        """Settings that differ from the recipe's."""
        changes = {"passes": PASSES, **LIQUIDS[self.arm][1], "seed": self.seed}
        if self.recipe == "nalsm-nmnist":
            changes["fold"] = self.seed - 1
        return changes

    @property
    def identity(self) -> list[Any]:
        """The recipe and all settings."""
        return ["nalsm", self.recipe, recipes.find(self.recipe).Settings(**self.changes).identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The recipe and the settings."""
        return self.recipe, self.changes

    def measure(self) -> Row:
        """Accuracies and what else the recipe finds."""
        recipe: Any = recipes.find(self.recipe)
        with tempfile.TemporaryDirectory() as folder:
            parts = Parts(Path(folder), lambda part, share: None)
            return dict(recipe.learn(recipe.Settings(**self.changes), parts).results)


@dataclass(frozen=True)
class Branching(Job):
    """The branching factor of a liquid of 1000 neurons on digits for validation.

    Args:
        strength: of the astrocyte, or None for a static liquid.
        weight: of all synapses at the start.
        seed: of the liquid.
    """

    strength: float | None
    weight: float
    seed: int = 1

    @property
    def identity(self) -> list[Any]:
        """The liquid, and what is looked at."""
        return ["nalsm, branching", asdict(self), TRAINING, WATCHED, START, STOP]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the liquid."""
        return "nalsm", asdict(self)

    def measure(self) -> Row:
        """Mean over samples, and the activity of liquid and input."""
        images = mnist("train")[0].reshape(-1, 784)
        learns = self.strength is not None
        liquid = NALSM(
            weight=self.weight,
            plasticity=PairSTDP() if learns else None,
            modulator=Astrocyte(strength=self.strength) if self.strength is not None else None,
            parity=True,
            seed=self.seed,
        ).fit(images[:TRAINING])
        run = liquid.run(images[TRAINING : TRAINING + WATCHED])
        raster, wiring = run.raster(liquid.steps), liquid.liquid_.wiring
        factors = [
            branching_factor(raster[:, b], wiring.pre, wiring.post, start=START, stop=STOP)
            for b in range(WATCHED)
        ]
        cells = WATCHED * liquid.steps
        return {
            "branching_factor": float(np.mean(factors)),
            "deviation": float(np.std(factors, ddof=1)),
            "liquid_spikes_per_step": float(run.counts.sum()) / cells,
            "input_spikes_per_step": float(run.input_counts.sum()) / cells,
        }


def trained() -> list[Trained]:
    """Every liquid and control, the arms that matter most first."""
    jobs = [
        Trained(recipe, arm, seed)
        for recipe, arms in REPEATED.items()
        for arm, seeds in arms.items()
        for seed in seeds
    ]
    return sorted(jobs, key=lambda job: job.seed)


def branchings() -> list[Branching]:
    """Every strength of the astrocyte, and every weight of a static liquid."""
    modulated = [Branching(strength, 3.0) for strength in STRENGTHS]
    return modulated + [Branching(None, weight) for weight in WEIGHTS]


def tuning() -> list[Trained]:
    """Static liquids of several weights, read from few pictures."""
    return [Trained("nalsm-mnist", f"weight {weight}", SEEDS[0]) for weight in TUNED]


def plan() -> list[Job]:
    """All jobs."""
    return [*branchings(), *tuning(), *trained()]


def _table(store: Store, recipe: str) -> str:
    lines = []
    for arm, seeds in REPEATED[recipe].items():
        rows = [store.find(Trained(recipe, arm, seed)) for seed in seeds]
        lines.append(
            [
                LIQUIDS[arm][0],
                _percent([row["test_accuracy"] for row in rows]),
                _percent([row["validation_accuracy"] for row in rows]),
                _percent([row[_other(row)] for row in rows]),
                PUBLISHED.get(recipe, {}).get(arm, ""),
                f"{len(seeds)}",
                f"{np.mean([row['seconds'] for row in rows]) / 60:.1f}",
            ]
        )
    header = [
        "arm",
        "test %",
        "validation %",
        "other readout, test %",
        "published, test %",
        "seeds",
        "CPU minutes",
    ]
    return markdown_table(header, lines)


def _tuning_table(store: Store) -> str:
    rows = [store.find(job) for job in tuning()]
    lines = [
        [f"{weight}", f"{100 * row['validation_accuracy']:.2f}", f"{100 * row[RIDGE]:.2f}"]
        for weight, row in zip(TUNED, rows, strict=True)
    ]
    return markdown_table(["weight", "validation %", "ridge, validation %"], lines)


def _other(row: Row) -> str:
    """Ridge on the counts of a liquid, logistic regression on the features of a control."""
    return next(name for name in ("ridge_test_accuracy", "logistic_test_accuracy") if name in row)


def _percent(shares: list[float]) -> str:
    if len(shares) == 1:
        return f"{100 * shares[0]:.2f}"
    return f"{100 * np.mean(shares):.2f} ± {100 * np.std(shares, ddof=1):.2f}"


def _draw(
    ax: Axes, x: tuple[float, ...], own: list[Row], published: tuple[float, ...], name: str
) -> None:
    ax.errorbar(
        x,
        [row["branching_factor"] for row in own],
        [row["deviation"] / np.sqrt(WATCHED) for row in own],
        color=BLUE,
        marker="o",
        label="here, one network",
    )
    ax.plot(x, published, color=ORANGE, marker="s", linestyle="--", label="paper, ten networks")
    ax.axhline(1.0, color=BLACK, linewidth=0.6)
    ax.set(xlabel=name, ylabel="branching factor")
    ax.legend(frameon=False)


def write(store: Store, out: Path) -> list[Path]:
    """Write nalsm.md, nalsm.json and nalsm_branching.png."""
    modulated = [store.find(Branching(strength, 3.0)) for strength in STRENGTHS]
    static = [store.find(Branching(None, weight)) for weight in WEIGHTS]
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _draw(left, STRENGTHS, modulated, STRENGTH_POINTS, "strength of the astrocyte")
    left.set_xscale("log")
    _draw(right, WEIGHTS, static, WEIGHT_POINTS, "weight of a static liquid")
    picture = _report.save(figure, out / "nalsm_branching.png")
    factors = [row["branching_factor"] for row in modulated]
    made = [store.find(job) for job in plan()]
    first = store.find(Trained("nalsm-mnist", "astrocyte, parity", SEEDS[0]))
    text = _report.page(
        "nalsm",
        "nalsm",
        made,
        "liquids and controls",
        chosen=False,
        tables={recipe: _table(store, recipe) for recipe in REPEATED},
        tuning=_tuning_table(store),
        falls=all(a > b for a, b in itertools.pairwise(factors)),
        first=f"{factors[0]:.2f}",
        last=f"{factors[-1]:.2f}",
        farthest=f"{max(abs(a - b) for a, b in zip(factors, STRENGTH_POINTS, strict=True)):.2f}",
        farthest_static=f"""{
            max(
                abs(row["branching_factor"] - point)
                for row, point in zip(static, WEIGHT_POINTS, strict=True)
            ):.2f}""",
        minutes=f"{first['seconds'] / 60:.1f}",
        passes=PASSES,
        **{"pass": first["readout_pass"]},
    )
    return [
        _report.write_text(out / "nalsm.md", text),
        _report.write_data(
            out / "nalsm.json",
            {"branching": {"astrocyte": modulated, "static": static}},
        ),
        picture,
    ]
