"""tiny-shakespeare: spiking language models, the same without spikes, an LSTM, a transformer."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from axonal._base.statistics import Difference, paired
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._compare import values
from experiments import _report
from experiments._language_arms import ARMS, LAYERS, SECONDS, TOKENS_UPDATES, WIDTH
from experiments._language_run import COUNTED, PART, SHARED, Trained

SEEDS = (0, 1, 2)
BUDGETS = {"tokens": "Equal tokens", "time": "Equal time of a processor"}
LEAST, MOST = 0.05, 0.4
"""Spikes per neuron and token that a layer should have after training."""
PAIRS = (
    ("spikegpt", "rwkv-binary", "spikes, binary embedding"),
    ("spikegpt-real", "rwkv", "spikes, real embedding"),
    ("ternary-spiking", "ternary", "spikes before ternary weights"),
    ("spikegpt", "spikegpt-real", "binary embedding, with spikes"),
    ("rwkv-binary", "rwkv", "binary embedding, without spikes"),
    ("spikegpt", "lstm", "SpikeGPT beside the LSTM"),
    ("spikegpt-real", "lstm", "SpikeGPT, real embedding, beside the LSTM"),
    ("rwkv", "lstm", "without spikes beside the LSTM"),
    ("ternary-spiking", "lstm", "ternary, spiking, beside the LSTM"),
    ("spikegpt", "transformer", "SpikeGPT beside the transformer"),
)
"""Two models and what their difference is; below zero, the first is better."""
Rows = Mapping[str, Sequence[Row]]


def runs(budget: str, arm: str) -> list[Trained]:
    """The runs of a model, one per seed."""
    updates = TOKENS_UPDATES if budget == "tokens" else ARMS[arm].updates
    return [Trained(arm, updates, seed) for seed in SEEDS]


def plan() -> list[Trained]:
    """Every budget, model and seed; a run that serves both budgets is there once."""
    wanted = [run for budget in BUDGETS for arm in ARMS for run in runs(budget, arm)]
    return list({run.key: run for run in wanted}.values())


def write(store: Store, out: Path) -> list[Path]:
    """Write language.md and language.json; a budget whose runs are not all there is named."""
    wanted = {budget: [run for arm in ARMS for run in runs(budget, arm)] for budget in BUDGETS}
    whole = [budget for budget, few in wanted.items() if not store.missing(few)]
    rows = {
        budget: {arm: [store.find(run) for run in runs(budget, arm)] for arm in ARMS}
        for budget in whole
    }
    sizes = [few[0]["trained_parameters"] for few in rows["tokens"].values()]
    page = _report.page(
        "language",
        PART,
        [store.find(run) for run in plan() if not store.missing([run])],
        "models",
        width=WIDTH,
        layers=LAYERS,
        window=SHARED["window"],
        batch=SHARED["batch"],
        seconds=SECONDS,
        smallest=min(sizes),
        apart=f"{100 * (max(sizes) / min(sizes) - 1):.1f}",
        rates=_rates_of_learning(),
        budgets=[
            {
                "words": words,
                "scores": _scores(rows[budget]),
                "differences": _differences(rows[budget]),
                "verdict": verdict(rows[budget]),
            }
            for budget, words in BUDGETS.items()
            if budget in rows
        ],
        unfinished=[BUDGETS[budget].lower() for budget in BUDGETS if budget not in rows],
        firing=_firing(rows["tokens"]),
        silent=_outside(rows["tokens"]),
        counted=COUNTED,
        least=f"{LEAST:g}",
        most=f"{MOST:g}",
        comparisons=len(PAIRS) * len(rows),
    )
    return [
        _report.write_text(out / "language.md", page),
        _report.write_data(out / "language.json", _numbers(rows)),
    ]


def between(rows: Rows, first: str, second: str) -> Difference:
    """Difference of the bits per character of two models, paired by seed."""
    return paired(values(rows[first], "test"), values(rows[second], "test"))


def verdict(rows: Rows) -> str:
    """Whether a spiking model needs fewer bits than the LSTM, which was the goal."""
    spiking = [arm for arm in ARMS if rows[arm][0]["rates"]]
    best = min(spiking, key=lambda arm: statistics.fmean(values(rows[arm], "test")))
    apart = between(rows, best, "lstm")
    said = "is reached" if apart.negative else "**is not reached**"
    backbone = between(rows, "rwkv", "lstm")
    return (
        f"That the backbone without spikes needs fewer bits than the LSTM "
        f"{'holds' if backbone.negative else '**does not hold**'} ({backbone}); the goal, that a "
        f"spiking model does, {said}: {ARMS[best].words} less LSTM {apart} bits."
    )


def _scores(rows: Rows) -> str:
    return markdown_table(
        ["model", "parameters", "updates", "tokens (1e6)", "test", "validation", "CPU (s)"],
        [
            [
                ARMS[arm].words,
                few[0]["trained_parameters"],
                few[0]["changes"]["updates"],
                f"{few[0]['tokens_seen'] / 1e6:.2f}",
                _spread(values(few, "test")),
                _spread(values(few, "validation")),
                f"{statistics.fmean(values(few, 'train_seconds')):.0f}",
            ]
            for arm, few in rows.items()
        ],
    )


def _differences(rows: Rows) -> str:
    return markdown_table(
        ["cost of", "bits per character, 95 % interval"],
        [[words, str(between(rows, first, second))] for first, second, words in PAIRS],
    )


def _firing(rows: Rows) -> str:
    lines = []
    for arm, few in rows.items():
        for path in few[0]["rates"]:
            before, after, silent = (
                [row[name][path] for row in few]
                for name in ("rates_before", "rates", "silent_units")
            )
            lines.append(
                [
                    ARMS[arm].words,
                    f"`{path}`",
                    f"{statistics.fmean(before):.3f}",
                    _spread(after),
                    f"{100 * statistics.fmean(silent):.0f} %",
                ]
            )
    return markdown_table(["model", "layer", "at the start", "at the end", "silent neurons"], lines)


def _outside(rows: Rows) -> list[str]:
    """Layers that end without any spike, or outside the rates that are wanted."""
    lines = []
    for arm, few in rows.items():
        for path in few[0]["rates"]:
            rate = statistics.fmean(row["rates"][path] for row in few)
            if rate == 0:
                lines.append(f"{ARMS[arm].words}: `{path}` is silent")
            elif not LEAST <= rate <= MOST:
                lines.append(f"{ARMS[arm].words}: `{path}` at {rate:.3f}")
    return lines


def _rates_of_learning() -> str:
    return ", ".join(f"{arm.words} {arm.changes['learning_rate']:g}" for arm in ARMS.values())


def _numbers(rows: Mapping[str, Rows]) -> dict[str, Any]:
    names = ("test", "validation", "train_seconds", "curve", "rates_before", "rates")
    return {
        budget: {
            "models": {
                arm: {n: [row[n] for row in few] for n in names} for arm, few in arms.items()
            },
            "differences": {
                f"{first} - {second}": vars(between(arms, first, second))
                for first, second, _ in PAIRS
            },
        }
        for budget, arms in rows.items()
    }


def _spread(found: Sequence[float]) -> str:
    return f"{statistics.fmean(found):.3f} ± {statistics.stdev(found):.3f}"
