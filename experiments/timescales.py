"""Parity and match of bits over growing N: curricula, time constants, and one learned delay."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from axonal import recipes
from axonal._base.colours import CYCLE
from axonal._base.statistics import spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.datasets import parity_chance
from axonal.recipes._runs import Job
from axonal.recipes._study import Parts
from experiments import _report
from experiments._one_delay import OneDelay

SEEDS = (0, 1, 2)
LONG, MIDDLE, SHORT = 120.0, 60.0, 30.0
"""CPU seconds of a run."""
ADAM: Mapping[str, Any] = {"optimiser": "adam", "learning_rate": 1e-3}
SPIKING: Mapping[str, Any] = {"cell": "spiking", "optimiser": "adam", "learning_rate": 1e-2}
ARMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "heads": ("rate units, a head for every N", {"seconds": LONG}),
    "single": ("rate units, the present N alone", {"curriculum": "single", "seconds": LONG}),
    "window": ("rate units, the last five N", {"curriculum": "window", "seconds": MIDDLE}),
    "heads, Adam": ("rate units, a head for every N", {**ADAM, "seconds": SHORT}),
    "single, Adam": (
        "rate units, the present N alone",
        {**ADAM, "curriculum": "single", "seconds": SHORT},
    ),
    "spiking": ("spiking, a head for every N", {**SPIKING, "seconds": SHORT}),
    "spiking, single": (
        "spiking, the present N alone",
        {**SPIKING, "curriculum": "single", "seconds": SHORT},
    ),
}
"""Title and settings of each arm."""
SEEDS_OF: Mapping[str, tuple[int, ...]] = {"window": (0,), "spiking, single": (0,)}
"""Seeds of arms that are there to show that they run."""


@dataclass(frozen=True)
class Trained(Job):
    """A network that learns larger and larger N within the budget.

    Args:
        arm: a key of `ARMS`.
        seed: of weights and bits.
        task: "parity" or "match".
    """

    arm: str
    seed: int
    task: str = "parity"

    @property
    def changes(self) -> dict[str, Any]:
        """Settings that differ from the recipe's."""
        own = {"task": self.task} if self.task != "parity" else {}
        return {**ARMS[self.arm][1], **own, "seed": self.seed}

    @property
    def identity(self) -> list[Any]:
        """The recipe and all settings."""
        return ["nparity", recipes.find("nparity").Settings(**self.changes).identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The recipe and the settings."""
        return "nparity", self.changes

    def measure(self) -> Row:
        """The largest N that was passed, accuracies, time constants, and the way there."""
        recipe: Any = recipes.find("nparity")
        with tempfile.TemporaryDirectory() as folder:
            parts = Parts(Path(folder), lambda part, share: None)
            return dict(recipe.learn(recipe.Settings(**self.changes), parts).results)


DELAY_ORDERS, DELAY_SEEDS = (4, 8), (0, 1, 2, 3, 4)


def runs() -> list[Trained]:
    """Every arm and seed, what matters most first."""
    return [Trained(arm, seed) for arm in ARMS for seed in SEEDS_OF.get(arm, SEEDS)]


def plan() -> list[Job]:
    """All jobs."""
    delays: list[Job] = [OneDelay(order, seed) for order in DELAY_ORDERS for seed in DELAY_SEEDS]
    return [*runs(), *delays]


def write(store: Store, out: Path) -> list[Path]:
    """Write timescales.md, timescales.json and timescales.png."""
    found = {
        arm: [store.find(Trained(arm, seed)) for seed in SEEDS_OF.get(arm, SEEDS)] for arm in ARMS
    }
    delays = {n: [store.find(OneDelay(n, seed)) for seed in DELAY_SEEDS] for n in DELAY_ORDERS}
    solved = {arm: [row["solved"] for row in rows] for arm, rows in found.items()}
    figure = draw(found)
    picture = _report.save(figure, out / "timescales.png")
    largest = max(solved["heads"])
    made = [row for rows in (*found.values(), *delays.values()) for row in rows]
    page = _report.page(
        "timescales",
        "timescales",
        made,
        "networks",
        chosen=False,
        multi=solved["heads"],
        single=solved["single"],
        wins=min(solved["heads"]) > max(solved["single"]),
        table=markdown_table(
            ["network", "optimiser", "CPU s", "largest N solved", "its accuracy, chance", "updates",
             "mean tau (steps)", "tau of activity (steps)"],
            [_line(arm, rows) for arm, rows in found.items()],
        ),
        heads=markdown_table(
            ["N", "chance", *(f"{name}, seed {SEEDS[0]}" for name in ("heads", "single"))],
            [_head(n, found) for n in range(2, largest + 1)],
        ),
        at_middle={
            arm: ", ".join(str(_solved_by(row, MIDDLE)) for row in found[arm])
            for arm in ("heads", "single", "window")
        },
        middle=f"{MIDDLE:g}",
        delays=markdown_table(
            ["N", "test", "delay", "weights, bit before", "bit now", "bias", "readout", "its bias"],
            [_delay(n, row) for n, rows in delays.items() for row in rows],
        ),
        slowest=f"{_slowest(found['heads']):.1f}",
        perfect=sum(row["test"] == 1 for rows in delays.values() for row in rows),
        of=sum(map(len, delays.values())),
        picture=picture.name,
    )  # fmt: skip
    numbers = {
        "solved": solved,
        "one_delay": {n: [r["test"] for r in d] for n, d in delays.items()},
    }
    return [
        picture,
        _report.write_text(out / "timescales.md", page),
        _report.write_data(out / "timescales.json", numbers),
    ]


def _line(arm: str, rows: list[Row]) -> list[Any]:
    settings = ARMS[arm][1]
    accuracy = ", ".join(
        f"{100 * row['test_accuracy']:.1f} ({100 * parity_chance(row['solved']):.1f})"
        for row in rows
    )
    return [
        ARMS[arm][0],
        "Adam" if "optimiser" in settings else "SGD",
        f"{settings['seconds']:g}",
        ", ".join(str(row["solved"]) for row in rows),
        accuracy,
        ", ".join(str(row["updates"]) for row in rows),
        _mean([row["tau"]["mean"] for row in rows]),
        _mean([row["network_tau"]["of_mean_autocorrelation"] for row in rows]),
    ]


def _slowest(rows: list[Row]) -> float:
    return max(float(row["network_tau"]["of_mean_autocorrelation"]) for row in rows)


def _mean(values: list[float]) -> str:
    return spread(values) if len(values) > 1 else f"{values[0]:.3f}"


def _head(n: int, found: Mapping[str, list[Row]]) -> list[Any]:
    each = [found[arm][0]["heads"].get(str(n)) for arm in ("heads", "single")]
    shares = ["" if share is None else f"{100 * share:.1f}" for share in each]
    return [n, f"{100 * parity_chance(n):.1f}", *shares]


def _solved_by(row: Row, seconds: float) -> int:
    """Largest N that was solved after so many CPU seconds."""
    orders = [at["order"] for at in row["history"] if at["seconds"] <= seconds]
    later = [at["order"] for at in row["history"] if at["seconds"] > seconds]
    # N moves on in the epoch after the one that solved it
    now = (later or [row["solved"] + 1])[0]
    return int(min(now, orders[-1] + 1)) - 1


def _delay(n: int, row: Row) -> list[Any]:
    shown = [", ".join(map(str, numbers)) for numbers in row["weights"].values()]
    return [n, f"{row['test']:.3f}", row["delay"], *shown]


def draw(found: Mapping[str, list[Row]]) -> Figure:
    """N over the CPU time, and the mean time constant over N."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (arm, rows), colour in zip(found.items(), CYCLE, strict=False):
        for k, row in enumerate(rows):
            history = row["history"]
            style: dict[str, Any] = {"color": colour, "label": arm if not k else None}
            seconds, orders = ([at[name] for at in history] for name in ("seconds", "order"))
            left.step([0, *seconds[:-1]], orders, where="post", linewidth=1, **style)
            last = {at["order"]: at["tau"] for at in history}
            right.plot(list(last), list(last.values()), marker=".", linewidth=1, **style)
    left.set(xlabel="CPU time (s)", ylabel="N that is learned")
    right.set(xlabel="N that is learned", ylabel="mean time constant (steps)")
    left.yaxis.set_major_locator(MaxNLocator(integer=True))
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", frameon=False)
    return figure
