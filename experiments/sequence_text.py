"""WikiText-2 with few data: GRU and LSTM beside event-based gated units, dense and pruned."""

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes import egru_lm
from axonal.recipes._compare import values
from axonal.recipes._runs import Job
from axonal.recipes._study import Parts
from experiments import _report

PART = "sequence-text"
RECIPE = "egru-lm"
SEEDS = (0,)
LEVELS: dict[str, dict[str, Any]] = {
    "word": {"epochs": 3},
    "character": {
        "level": "character",
        "least": 1,
        "epochs": 1,
        "embedding": 64,
        "layers": "256",
        "tied": False,
        "steps": 50,
        "dropout": 0.0,
    },
}
ARMS: dict[str, dict[str, Any]] = {
    "GRU": {"arm": "gru"},
    "LSTM": {"arm": "lstm"},
    "EGRU": {"arm": "egru"},
    "EGRU, 50 % pruned": {"arm": "egru", "pruned": 0.5},
    "EGRU, 85 % pruned": {"arm": "egru", "pruned": 0.85},
}


@dataclass(frozen=True)
class Text(Job):
    """A language model, trained and tested.

    Args:
        changes: settings that differ from those of the recipe.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> egru_lm.Settings:
        """Settings of the run."""
        return egru_lm.Settings(**self.changes)

    @property
    def identity(self) -> list[Any]:
        """All settings."""
        return [RECIPE, self.settings.identity()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The recipe, and its settings that are not the default."""
        return RECIPE, self.changes

    def measure(self) -> Row:
        """Train the model; its perplexities, and the rest of a run's summary."""
        with tempfile.TemporaryDirectory() as folder:
            learned = egru_lm.learn(self.settings, Parts(Path(folder), lambda *_: None))
        trained = sum(value.size for value in learned.arrays.values())
        return {**learned.results, "trained_parameters": trained}


def jobs(level: str, arm: str) -> list[Text]:
    """The models of an arm, one per seed."""
    return [Text({"seed": seed, **LEVELS[level], **ARMS[arm]}) for seed in SEEDS]


def plan() -> list[Text]:
    """Every level, arm and seed."""
    return [job for level in LEVELS for arm in ARMS for job in jobs(level, arm)]


def write(store: Store, out: Path) -> list[Path]:
    """Write sequence_text.md and .json."""
    rows = {
        level: {arm: [store.find(job) for job in jobs(level, arm)] for arm in ARMS}
        for level in LEVELS
    }
    page = _report.page(
        "sequence_text",
        PART,
        [store.find(job) for job in plan()],
        "models",
        chosen=False,
        seeds=len(SEEDS),
        levels=[_level(level, few) for level, few in rows.items()],
    )
    names = ("test_perplexity", "validation_perplexity", "seconds")
    numbers = {
        level: {arm: {name: values(few, name) for name in names} for arm, few in arms.items()}
        for level, arms in rows.items()
    }
    return [
        _report.write_text(out / "sequence_text.md", page),
        _report.write_data(out / "sequence_text.json", numbers),
    ]


def _level(level: str, rows: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    first = rows["GRU"][0]
    return {
        "name": level,
        "settings": jobs(level, "EGRU")[0].settings,
        "tokens": first["tokens"],
        "vocabulary": first["vocabulary"],
        "unknown": f"{100 * first['unknown']['test']:.1f}",
        "table": markdown_table(
            ["network", "trained", "test", "validation", "events", "zeros", "seconds"],
            [_line(arm, few) for arm, few in rows.items()],
        ),
    }


def _line(arm: str, rows: Sequence[Row]) -> list[Any]:
    return [
        arm,
        rows[0]["trained_parameters"],
        _spread(values(rows, "test_perplexity")),
        _spread(values(rows, "validation_perplexity")),
        f"{statistics.fmean(values(rows, 'event_rate')):.3f}" if "event_rate" in rows[0] else "-",
        f"{statistics.fmean(values(rows, 'pruned')):.2f}",
        f"{max(values(rows, 'seconds')):.0f}",
    ]


def _spread(found: Sequence[float]) -> str:
    if len(found) == 1:
        return f"{found[0]:.2f}"
    return f"{statistics.fmean(found):.2f} ± {statistics.stdev(found):.2f}"
