"""What every report is made of: tables, numbers with their spread, and where they come from."""

import itertools
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from axonal._base import files
from axonal.recipes.experiments._runs import Row
from axonal.recipes.experiments._statistics import Difference

SEEDS = (0, 1, 2, 3, 4)
CHOSEN = (
    "",
    "Settings were chosen on validation data. Test data served these tables alone, after the",
    "last epoch; no epoch was selected.",
)


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation over seeds.

    >>> spread([0.5, 0.75])
    '0.625 ± 0.177'
    """
    return f"{statistics.fmean(values):.3f} ± {statistics.stdev(values):.3f}"


def interval(difference: Difference) -> str:
    """Mean of paired differences with its 95 % interval.

    >>> interval(Difference(0.05, 0.02))
    '+0.050 [+0.030, +0.070]'
    """
    low, high = difference.mean - difference.half, difference.mean + difference.half
    return f"{difference.mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Lines of a Markdown table.

    >>> table(["a", "b"], [[1, 2]])
    ['| a | b |', '| --- | --- |', '| 1 | 2 |']
    """
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def aligned(lines: Sequence[str]) -> list[str]:
    """The same lines with the columns of their tables one below the other, for a terminal.

    >>> aligned(["| a | b |", "| --- | --- |", "| long | 2 |"])
    ['a     b', '----  -', 'long  2']
    """
    found: list[str] = []
    for is_table, some in itertools.groupby(lines, lambda line: line.startswith("|")):
        if not is_table:
            found += some
            continue
        rows = [line.strip("| ").split(" | ") for line in some]
        del rows[1]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        rows.insert(1, ["-" * width for width in widths])
        found += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
    return found


def provenance(
    rows: Sequence[Row], part: str, what: str = "networks", *, chosen: bool = True
) -> list[str]:
    """Lines that say how the rows were made: command, seeds, commit, machine, date.

    Args:
        rows: all that the report tells of.
        part: name of the experiment.
        what: a row is one of.
        chosen: add how settings were chosen, where all experiments choose alike.
    """
    dates = _each(rows, "date")
    seeds = ", ".join(map(str, sorted({row["changes"]["seed"] for row in rows})))
    minutes = sum(row["seconds"] for row in rows) / 60
    return [
        "## How this was made",
        "",
        f"- Command: `python -m axonal.recipes.experiments {part}` (`make experiments` for all)",
        f"- Seeds: {seeds}; {len(rows)} {what}, {minutes:.1f} minutes on one thread",
        f"- Commit: {', '.join(_each(rows, 'commit'))}",
        f"- Machine: {'; '.join(_each(rows, 'machine'))}; torch {', '.join(_each(rows, 'torch'))}",
        f"- Date: {dates[0] if len(dates) == 1 else f'{dates[0]} to {dates[-1]}'}",
        *(CHOSEN if chosen else ()),
    ]


def _each(rows: Sequence[Row], name: str) -> list[str]:
    return sorted({str(row[name]) for row in rows})


def write_text(path: Path, lines: Sequence[str]) -> Path:
    """Write lines as a file that is whole at every moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(path, "\n".join(lines) + "\n")
    return path


def write_data(path: Path, values: Mapping[str, Any]) -> Path:
    """Write JSON with the numbers of a report."""
    return write_text(path, [json.dumps(values, indent=2)])


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG."""
    # the canvas of this figure alone: the reader's choice of a back end stays untouched
    FigureCanvasAgg(figure)
    with files.whole_file(path) as part:
        figure.savefig(part, dpi=130)
    return path
