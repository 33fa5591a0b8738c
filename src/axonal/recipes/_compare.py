"""The arms of a recipe and all their seeds in one call, and the tables that compare them."""

import json
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg

from axonal import recipes
from axonal._base.files import whole_file, write_text
from axonal._base.statistics import (
    Difference,
    binomial_error,
    half_width,
    order,
    paired,
    spread,
)
from axonal._base.sweeps import Row, Store, fill
from axonal._base.tables import markdown_table, text_table
from axonal.recipes import _find, _provenance
from axonal.recipes._comparison import Comparison
from axonal.recipes._errors import RecipeError
from axonal.recipes._runs import Run
from axonal.recipes.figures import comparison as figure

Rows = Mapping[str, Sequence[Row]]
"""Rows of each arm, by its name."""
Table = tuple[Sequence[str], list[list[Any]]]
"""Heading and rows."""
WORDS = {
    "seed": (
        "Accuracies are means ± standard deviations over seeds.",
        "- All seeds share the test samples: what other samples would change is not in the "
        "intervals.",
    ),
    "fold": (
        "Accuracies are means ± standard deviations over folds, which are tested on different "
        "samples; the binomial error is that of the share over all of them.",
        "- Folds have most of their training samples in common: intervals over them are somewhat "
        "too narrow.",
    ),
}
"""What the numbers of repeats mean, and what they leave out."""


def compare(
    name: str,
    out: str | PathLike[str],
    *,
    force: bool = False,
    progress: bool = False,
    **settings: Any,
) -> dict[str, Any]:
    """Train all arms of a recipe with all seeds of its comparison, and write what compares them.

    The networks are trained on the CPU, one process and one thread each, as many at once as there
    are cores, or on a cluster inside ``joblib.parallel_config(backend="dask")``. Each is kept in
    runs.jsonl as soon as it is finished: after a stop, the same call goes on with those that are
    missing.

    Args:
        name: of a recipe that declares a ``COMPARISON``, or the file of one.
        out: folder of runs.jsonl and of comparison.md, comparison.json and comparison.png.
        force: forget the networks that ``out`` holds.
        progress: show a progress bar on stderr.
        settings: of all networks, in place of the recipe's; that which the tables differ in leaves
            one table.

    Returns:
        "table" (the tables as text), "files" (paths of the report) and "networks" (their number).

    Raises:
        ValueError: the recipe declares no comparison, the data are not there, a setting is out of
            range or differs between arms, or a process ended early.

    >>> compare("digits", "runs/nowhere")
    Traceback (most recent call last):
    axonal.recipes._errors.RecipeError: the recipe 'digits' compares no arms: it declares no \
COMPARISON.
    """
    recipe = recipes.find(name)
    comparison = recipes.comparison(name)
    if comparison is None:
        raise RecipeError(f"the recipe {name!r} compares no arms: it declares no COMPARISON.")
    check_common(comparison, settings)
    tables = {settings.pop(comparison.over): ""} if comparison.over in settings else None
    # a value that has no table of its own is refused by the settings below
    chosen = tuple(tables or comparison.tables or ("",))
    runs = {
        table: {
            key: [Run(name, c) for c in comparison.changes(arm, table, settings)]
            for key, arm in comparison.arms.items()
        }
        for table in chosen
    }
    for arms in runs.values():
        # bad settings and missing data are told before any process starts
        for few in arms.values():
            recipe.Settings.from_json(few[0].changes)
        recipe.data(next(iter(arms.values()))[0].settings)
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise RecipeError(f"{folder} is a file; the table needs a folder: write another --out.")
    file = folder / "runs.jsonl"
    if force:
        file.unlink(missing_ok=True)
    store = Store(file)
    everything = [run for arms in runs.values() for few in arms.values() for run in few]
    try:
        fill(store, everything, commit=_provenance.commit(), progress=progress)
    except BrokenProcessPool as error:
        raise RecipeError(
            f"a process ended early, perhaps for want of memory: the same command goes on with "
            f"the {len(store.missing(everything))} networks that are missing."
        ) from error
    rows = {
        comparison.tables.get(table, _find.origin(name).name): {
            key: [store.find(run) for run in few] for key, few in arms.items()
        }
        for table, arms in runs.items()
    }
    epochs, title = everything[0].settings.epochs, _find.origin(name).name
    files = _write(folder, title, epochs, comparison, rows)
    return {
        "networks": len(everything),
        "table": "\n".join(report(title, epochs, comparison, rows, text=True)),
        "files": [str(path) for path in files],
    }


def check_common(comparison: Comparison, settings: Mapping[str, Any]) -> None:
    """Refuse settings that only one network can have."""
    for name in settings:
        if name in comparison.varied:
            raise RecipeError(
                f"the setting {name} differs between the networks that are compared: "
                f"train one with {comparison.chosen_by} and {name}."
            )


def _write(
    folder: Path, name: str, epochs: int, comparison: Comparison, rows: Mapping[str, Rows]
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"comparison.{ending}" for ending in ("md", "json", "png")]
    write_text(files[0], "\n".join(report(name, epochs, comparison, rows)) + "\n")
    numbers = {words: numbers_of(comparison, arms) for words, arms in rows.items()}
    write_text(files[1], json.dumps({"epochs": epochs, **numbers}, indent=2) + "\n")
    drawn = figure.draw(accuracies_of(comparison, rows))
    FigureCanvasAgg(drawn)
    with whole_file(files[2]) as part:
        drawn.savefig(part, dpi=130)
    return files


def accuracies_of(
    comparison: Comparison, rows: Mapping[str, Rows]
) -> dict[str, dict[str, list[float]]]:
    """Test accuracies by words of table and arm, one per seed."""
    return {
        words: {comparison.arms[key].words: values(few, "test") for key, few in arms.items()}
        for words, arms in rows.items()
    }


def report(
    name: str,
    epochs: int,
    comparison: Comparison,
    rows: Mapping[str, Rows],
    *,
    text: bool = False,
) -> list[str]:
    """Lines that compare the arms, as Markdown or with tables for a terminal."""
    make = text_table if text else markdown_table
    lines = [f"# {name}: {len(comparison.arms)} arms, {comparison.repeated}", ""]
    lines += [f"Epochs of training: {epochs}."]
    for words, arms in rows.items():
        lines += ["", f"## {words.capitalize()}", ""]
        if comparison.orders:
            lines += ["Beyond the intervals:", "", *orders(comparison, arms), ""]
        tables = [accuracies(comparison, arms), differences(comparison, arms)]
        tables.append(roundings(comparison, arms, *delayed(arms)))
        lines += [line for table in tables if table[1] for line in (make(*table), "")][:-1]
    count = len(rows) * len(comparison.pairs)
    meaning, caveat = WORDS[comparison.repeats]
    return [
        *lines,
        "",
        f"{meaning} Differences are paired by {comparison.repeats}, with 95 % intervals of "
        "Student's t, not corrected for their number.",
        "",
        "## What may be claimed",
        "",
        *remaining(comparison, rows, count),
        caveat,
    ]


def orders(comparison: Comparison, rows: Rows) -> list[str]:
    """One line per order of arms that the comparison looks at."""
    lines = []
    for heading, arms in comparison.orders.items():
        keys = [key for _, key in arms]
        apart = [difference(rows, a, b) for a, b in pairwise(keys)]
        lines.append(f"- {heading}: {order([word for word, _ in arms], apart)}")
    return lines


def accuracies(comparison: Comparison, rows: Rows) -> Table:
    """Accuracies, rates and seconds of each arm."""
    layers = list(next(iter(rows.values()))[0]["rates"])
    folds = comparison.repeats == "fold"
    head = ["arm", "trained", "test", *(["binomial error"] if folds else []), "validation"]
    return [*head, *(f"rate, {name}" for name in layers), "seconds"], [
        [
            comparison.arms[key].words,
            few[0]["trained_parameters"],
            spread(values(few, "test")),
            *([f"{error(few):.3f}"] if folds else []),
            spread(values(few, "validation")),
            *(
                spread([row["rates"][layer] for row in few]) if layer in few[0]["rates"] else "-"
                for layer in layers
            ),
            f"{statistics.median(values(few, 'seconds')):.0f}",
        ]
        for key, few in rows.items()
    ]


def differences(comparison: Comparison, rows: Rows) -> Table:
    """The differences of pairs of arms, with their intervals."""
    words = {key: arm.words for key, arm in comparison.arms.items()}
    return ["difference of", "and", "test accuracy, 95 % interval"], [
        [words[high], words[low], str(difference(rows, high, low))]
        for high, low in comparison.pairs
    ]


def error(rows: Sequence[Row]) -> float:
    """Standard error of the accuracy over the test samples of all folds."""
    return binomial_error(values(rows, "test"), [row["tested"] for row in rows])


def share(rows: Sequence[Row]) -> str:
    """Accuracy over all samples of all folds, with its binomial error."""
    tested = values(rows, "tested")
    right = sum(part * n for part, n in zip(values(rows, "test"), tested, strict=True))
    return f"{right / sum(tested):.3f} ± {error(rows):.3f}"


def delayed(rows: Rows) -> list[str]:
    """Arms whose networks have delays that could be rounded."""
    return [key for key, few in rows.items() if "test_with_training_kernel" in few[0]]


def roundings(comparison: Comparison, rows: Rows, *keys: str) -> Table:
    """The loss of arms when delays become whole steps, on the same networks."""
    return ["cost of rounding", "training kernel", "rounded", "loss, 95 % interval"], [
        [
            comparison.arms[key].words,
            spread(values(rows[key], "test_with_training_kernel")),
            spread(values(rows[key], "test")),
            str(rounding(rows[key])),
        ]
        for key in keys
    ]


def remaining(comparison: Comparison, rows: Mapping[str, Rows], count: int) -> list[str]:
    """The differences that remain if all that were looked at are to hold together."""
    remain = []
    for words, arms in rows.items():
        for high, low in comparison.pairs:
            apart = difference(arms, high, low, comparisons=count)
            if apart.positive or apart.negative:
                sign = "above" if apart.positive else "below"
                named = [comparison.arms[key].words for key in (high, low)]
                remain.append(f"  - {words}: {named[0]} {sign} {named[1]}")
    lead = f"- Corrected for {count} comparisons (Bonferroni), these differences remain"
    return [f"{lead}:", *remain] if remain else [f"{lead}: none."]


def numbers_of(comparison: Comparison, rows: Rows) -> dict[str, Any]:
    """All numbers of a table, for the file beside the report."""
    arms = {
        key: {
            "trained_parameters": few[0]["trained_parameters"],
            **{column: values(few, column) for column in ("test", "validation")},
            "half_width_95": half_width(values(few, "test")),
            "rates": [row["rates"] for row in few],
        }
        for key, few in rows.items()
    }
    pairs = {f"{high} - {low}": difference(rows, high, low) for high, low in comparison.pairs}
    return {
        "arms": arms,
        "differences": {k: {"mean": d.mean, "half_width_95": d.half} for k, d in pairs.items()},
    }


def difference(
    rows: Rows, higher: str, lower: str, column: str = "test", comparisons: int = 1
) -> Difference:
    """Paired difference of a column of two arms."""
    return paired(values(rows[higher], column), values(rows[lower], column), comparisons)


def rounding(rows: Sequence[Row]) -> Difference:
    """The loss of an arm when its delays become whole steps, on the same networks."""
    return paired(values(rows, "test_with_training_kernel"), values(rows, "test"))


def values(rows: Sequence[Row], column: str) -> list[float]:
    """A number of every row."""
    return [row[column] for row in rows]
