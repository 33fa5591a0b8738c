"""Zero-shot retrieval through fixed liquids: speech and pictures ask for event recordings."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axonal._base.statistics import Difference, paired, spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._zero_shot import ARMS, TASKS
from experiments import _report, _zero_shot_figure
from experiments._zero_shot_jobs import (
    CANDIDATES,
    CHOOSING_SEEDS,
    CHOSEN,
    EPOCHS,
    FAULTS,
    PAPER,
    REPORTED,
    TRAINED_EPOCHS,
    Retrieved,
    arm,
    choosing,
    faulty,
    published,
)

WORDS = {
    "fixed": "fixed liquids",
    "trained": "trained liquids",
    "relu": "random ReLU features of counts",
    "raw": "square roots of counts",
    "shuffled": "fixed liquids, classes paired wrongly",
}
CHANCE = 0.5
# Accuracies in percent that the authors publish: seen digits 1 to 7, unseen 8 and 9.
PUBLISHED = {
    "liquid and contrastive loss, software, 64": (66.1, 88.0),
    "the same, 128": (67.4, 88.5),
    "the same, on resistive memory": (67.42, 87.5),
    "trained recurrent spiking network and contrastive loss": (82.28, 74.0),
    "liquid and nearest prototype, 64": (50.25, 81.69),
    "liquid and nearest prototype, 1024": (56.9, 68.9),
    "trained network and nearest prototype, 64": (50.25, 82.14),
    "trained network and nearest prototype, 512": (60.2, 80.58),
}
Values = dict[str, list[float]]
"""A mean over seeds for each pair of held-out classes, by arm."""


def plan() -> list[Retrieved]:
    """Candidates for the settings, arms, the form that was published, and faults of crossbars."""
    jobs = [
        *(job for task in TASKS for few in choosing(task) for job in few),
        *(job for task in TASKS for name in ARMS for job in arm(task, name)),
        *published(),
        *(job for fault, sizes in FAULTS.items() for size in sizes for job in faulty(fault, size)),
    ]
    # trained liquids take longest: nothing waits for them
    return sorted(jobs, key=lambda job: job.settings.arm == "trained")


def write(store: Store, out: Path) -> list[Path]:
    """Write zero_shot.md, zero_shot.json and zero_shot.png."""
    rows = {task: {name: _rows(store, arm(task, name)) for name in ARMS} for task in TASKS}
    original = _rows(store, published())
    candidates = {task: [_rows(store, jobs) for jobs in choosing(task)] for task in TASKS}
    faults = {
        fault: {size: _rows(store, faulty(fault, size)) for size in sizes}
        for fault, sizes in FAULTS.items()
    }
    unseen, seen = (
        {task: {name: _means(few, what) for name, few in arms.items()}
         for task, arms in rows.items()}
        for what in ("unseen", "seen")
    )  # fmt: skip
    curves = [_curves(rows["pictures"]["fixed"], faults, what) for what in ("unseen", "seen")]
    every = [
        *(row for arms in rows.values() for few in arms.values() for row in few),
        *original,
        *(row for tried in candidates.values() for few in tried for row in few),
        *(row for sizes in faults.values() for few in sizes.values() for row in few),
    ]
    tables = {
        **{f"{task}_arms": _arms(rows[task], unseen[task], seen[task]) for task in TASKS},
        **{f"{task}_differences": _differences(rows[task]) for task in TASKS},
        **{f"{task}_candidates": _candidates(candidates[task]) for task in TASKS},
        "pairs": _pairs({task: rows[task]["fixed"] for task in TASKS}),
        "faults": _faults(*curves),
        "published": markdown_table(
            ["published (%)", "seen, chance 14.3", "unseen, chance 50"],
            [[words, f"{a:g}", f"{b:g}"] for words, (a, b) in PUBLISHED.items()],
        ),
    }
    page = _report.page(
        "zero_shot",
        "zero-shot",
        every,
        "jobs of up to ten pairs",
        chosen=False,
        **tables,
        **_words(unseen, rows, original),
        beside_raw={
            task: {
                what: _report.beside(paired(few[task]["fixed"], few[task]["raw"]))
                for what, few in (("unseen", unseen), ("seen", seen))
            }
            for task in TASKS
        },
        chosen_settings={task: _setting(CHOSEN[task]) for task in TASKS},
        agrees=all(best(candidates[task]) == CHOSEN[task] for task in TASKS),
        trained_epochs=TRAINED_EPOCHS,
        choosing_seeds=", ".join(map(str, CHOOSING_SEEDS)),
    )
    figure = _zero_shot_figure.draw(*curves)
    numbers = {
        "unseen": unseen,
        "seen": seen,
        "pairs": [f"{a}-{b}" for a, b in REPORTED],
        "chosen": CHOSEN,
        "published_form": [row["pairs"]["8-9"]["per_epoch"] for row in original],
        "faults": {
            what: {fault: {str(k): v for k, v in few.items()} for fault, few in found.items()}
            for what, found in zip(("unseen", "seen"), curves, strict=True)
        },
    }
    return [
        _report.write_text(out / "zero_shot.md", page),
        _report.write_data(out / "zero_shot.json", numbers),
        _report.save(figure, out / "zero_shot.png"),
    ]


def best(candidates: Sequence[Sequence[Row]]) -> dict[str, Any]:
    """The candidate and number of epochs with the highest mean retrieval of held-out classes."""
    found = {
        (k, epochs): _after(rows, epochs) for k, rows in enumerate(candidates) for epochs in EPOCHS
    }
    k, epochs = max(found, key=lambda key: found[key])
    return {**CANDIDATES[k], "epochs": epochs}


def _rows(store: Store, jobs: Sequence[Retrieved]) -> list[Row]:
    return [store.find(job) for job in jobs]


def _after(rows: Sequence[Row], epochs: int) -> float:
    return statistics.fmean(
        pair["per_epoch"][epochs - 1] for row in rows for pair in row["pairs"].values()
    )


def _means(rows: Sequence[Row], what: str) -> list[float]:
    """Mean over seeds for each reported pair."""
    return [statistics.fmean(row["pairs"][f"{a}-{b}"][what] for row in rows) for a, b in REPORTED]


def _over(values: Sequence[float], chance: float = CHANCE) -> Difference:
    """Mean over pairs less chance, with its interval."""
    return paired(values, [chance] * len(values))


def _share(found: Difference, chance: float = CHANCE) -> str:
    return f"{100 * (chance + found.mean):.1f} ± {100 * found.half:.1f}"


def _arms(rows: dict[str, list[Row]], unseen: Values, seen: Values) -> str:
    return markdown_table(
        ["features", "seeds", "unseen, 2-way (%)", "seen, 8-way (%)", "CPU s per pair and seed"],
        [
            [
                WORDS[name],
                len(few),
                _share(_over(unseen[name])),
                _share(_over(seen[name])),
                f"{statistics.fmean(row['seconds'] / len(row['pairs']) for row in few):.1f}",
            ]
            for name, few in rows.items()
        ],
    )


def _differences(rows: dict[str, list[Row]]) -> str:
    """Differences from fixed liquids, over the seeds that an arm has."""

    def less(name: str, what: str) -> str:
        few = rows[name]
        return _points(paired(_means(rows["fixed"][: len(few)], what), _means(few, what)))

    return markdown_table(
        ["fixed liquids less", "unseen (points)", "seen (points)"],
        [
            [WORDS[name], less(name, "unseen"), less(name, "seen")]
            for name in ARMS
            if name != "fixed"
        ],
    )


def _points(found: Difference) -> str:
    return f"{100 * found.mean:+.1f} ± {100 * found.half:.1f}"


def _pairs(fixed: dict[str, list[Row]]) -> str:
    lines = []
    for a, b in REPORTED:
        line: list[Any] = [f"{a}, {b}" + (" (the paper's)" if (a, b) == PAPER else "")]
        for rows in fixed.values():
            found = [row["pairs"][f"{a}-{b}"]["unseen"] for row in rows]
            line += [spread(found), f"{min(found):.3f} to {max(found):.3f}"]
        lines.append(line)
    head = [word for task in fixed for word in (f"{task}, unseen", "lowest to highest seed")]
    return markdown_table(["held-out classes", *head], lines)


def _candidates(candidates: Sequence[Sequence[Row]]) -> str:
    return markdown_table(
        ["decay", "scale", "temperature", *(f"unseen after {k} epochs (%)" for k in EPOCHS)],
        [
            [
                few["decay"],
                few["image_scale"],
                few["temperature"],
                *(f"{100 * _after(rows, k):.1f}" for k in EPOCHS),
            ]
            for few, rows in zip(CANDIDATES, candidates, strict=True)
        ],
    )


def _curves(
    ideal: Sequence[Row], faults: dict[str, dict[float, list[Row]]], what: str
) -> dict[str, dict[float, list[float]]]:
    """Accuracies over pairs and seeds for each size of a fault; 0 has no crossbars."""

    def every(rows: Sequence[Row]) -> list[float]:
        return [pair[what] for row in rows for pair in row["pairs"].values()]

    number = len(next(iter(faults["spread"].values())))
    return {
        fault: {0.0: every(ideal[:number]), **{size: every(few) for size, few in sizes.items()}}
        for fault, sizes in faults.items()
    }


def _faults(
    unseen: dict[str, dict[float, list[float]]], seen: dict[str, dict[float, list[float]]]
) -> str:
    return markdown_table(
        ["fault", "size", "unseen", "seen"],
        [
            [_zero_shot_figure.NAMES[fault], f"{size:g}", spread(few), spread(seen[fault][size])]
            for fault, sizes in unseen.items()
            for size, few in sizes.items()
        ],
    )


def _setting(values: dict[str, Any]) -> str:
    names = {
        "decay": "decay", "image_scale": "scale of the input weights",
        "temperature": "temperature", "epochs": "epochs",
    }  # fmt: skip
    return ", ".join(f"{words} {values[name]:g}" for name, words in names.items())


def _words(
    unseen: dict[str, Values], rows: dict[str, dict[str, list[Row]]], original: Sequence[Row]
) -> dict[str, Any]:
    """Numbers that stand in sentences."""
    watched = [row["pairs"]["8-9"]["per_epoch"] for row in original]
    known = [row["pairs"]["8-9"]["seen"] for row in original]
    fixed, wrong = (
        {task: [r["pairs"]["8-9"]["unseen"] for r in rows[task][name]] for task in TASKS}
        for name in ("fixed", "shuffled")
    )
    single = [pair["unseen"] for row in rows["speech"]["fixed"] for pair in row["pairs"].values()]
    return {
        "found": {task: _share(_over(few["fixed"])) for task, few in unseen.items()},
        "beside": {task: _report.beside(_over(few["fixed"])) for task, few in unseen.items()},
        "paper_pair": {task: spread(few) for task, few in fixed.items()},
        "wrong_pair": spread(wrong["speech"]),
        "wrong_pictures": spread(wrong["pictures"]),
        "published_seen": spread(known),
        "published_learns_nothing": max(known) < 2 / 8,
        "lowest": f"{100 * min(single):.0f}",
        "highest": f"{100 * max(single):.0f}",
        "last_epoch": spread([few[-1] for few in watched]),
        "best_epoch": spread([max(few) for few in watched]),
        "best_of_all": f"{100 * max(max(few) for few in watched):.1f}",
        "epochs_published": len(watched[0]),
        "queries": rows["speech"]["fixed"][0]["pairs"]["8-9"]["queries"],
        "seeds": len(rows["speech"]["fixed"]),
    }
