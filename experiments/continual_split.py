"""Two classes after two others: with heads of their own, with one head, and as new classes."""

from collections.abc import Sequence
from pathlib import Path

from axonal._base.sweeps import Store
from axonal._base.tables import markdown_table
from experiments import _report
from experiments._continual_jobs import IMAGES, SPLIT_HIDDEN, Split, each, percent

PART = "continual-split"
SEEDS = (0, 1, 2)
ARMS = ("sequential", "hlop", "gpm", "ewc", "si", "replay", "joint")
SCENARIOS = {
    "task": "a head per task, and the task is told",
    "domain": "one head of two outputs, no task is told",
    "class": "one head of ten outputs, no task is told",
}


def split(images: str, scenario: str, arm: str) -> list[Split]:
    """Split images by one arm."""
    return [Split(images, scenario, arm, seed) for seed in SEEDS]


def plan() -> Sequence[Split]:
    """All jobs."""
    return [
        job
        for images in IMAGES
        for scenario in SCENARIOS
        for arm in ARMS
        for job in split(images, scenario, arm)
    ]


def write(store: Store, out: Path) -> list[Path]:
    """Write continual_split.md."""
    page = _report.page(
        "continual_split",
        PART,
        [store.find(job) for job in plan()],
        "streams learnt by a method",
        chosen=False,
        splits={images: _table(store, images) for images in IMAGES},
        scenarios=SCENARIOS,
        hidden=SPLIT_HIDDEN,
        task_seeds=len(SEEDS),
    )
    return [_report.write_text(out / "continual_split.md", page)]


def _table(store: Store, images: str) -> str:
    lines = []
    for arm in ARMS:
        cells = [arm]
        for scenario in SCENARIOS:
            rows = [store.find(job) for job in split(images, scenario, arm)]
            cells += [percent(each(rows, n)) for n in ("test_accuracy", "backward_transfer")]
        lines.append(cells)
    header = [f"{scenario}, {what}" for scenario in SCENARIOS for what in ("ACC", "BWT")]
    return markdown_table(["method", *header], lines)
