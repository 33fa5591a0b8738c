"""Parts of every page: its template, where its rows come from, and files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from axonal._base import files
from axonal._base.statistics import Difference
from axonal._base.sweeps import Row

PAGES = Path(__file__).with_name("pages")
SEEDS = (0, 1, 2, 3, 4)


def beside(difference: Difference) -> str:
    """Where something lies beside another, beyond the interval of their difference.

    >>> from axonal._base.statistics import paired
    >>> beside(paired([0.9, 0.8, 0.9], [0.5, 0.5, 0.4]))
    'above'
    """
    return "above" if difference.positive else "below" if difference.negative else "not apart from"


def _made(rows: Sequence[Row], part: str, what: str) -> dict[str, Any]:
    """How rows were made: command, seeds, commit, machine, date."""
    dates = _each(rows, "date")
    return {
        "part": part,
        "seeds": ", ".join(map(str, sorted({row["changes"]["seed"] for row in rows}))),
        "rows": len(rows),
        "what": what,
        "minutes": f"{sum(row['seconds'] for row in rows) / 60:.1f}",
        "commits": ", ".join(_each(rows, "commit")),
        "machines": "; ".join(_each(rows, "machine")),
        "torches": ", ".join(_each(rows, "torch")),
        "dates": dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}",
    }


def _each(rows: Sequence[Row], name: str) -> list[str]:
    return sorted({str(row[name]) for row in rows})


def page(
    template: str,
    part: str,
    rows: Sequence[Row],
    what: str = "networks",
    *,
    chosen: bool = True,
    **values: Any,
) -> str:
    """Text of a page, from its template in ``pages``.

    Args:
        template: name of the file, without ``.md``.
        part: name of the experiment.
        rows: all that the page tells of.
        what: a row is one of.
        chosen: add how settings were chosen, where all experiments choose alike.
        values: names of the template; one that is missing raises.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made = _made(rows, part, what)
    return environment.get_template(f"{template}.md").render(made=made, chosen=chosen, **values)


def write_text(path: Path, text: str | Sequence[str]) -> Path:
    """Write a text, or lines, as a file that is whole at every moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(path, text if isinstance(text, str) else "\n".join(text) + "\n")
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
