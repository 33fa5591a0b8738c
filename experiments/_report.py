"""Parts of every page: its template, where its rows come from, and files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from axonal._base import files
from axonal._base.sweeps import Row

PAGES = Path(__file__).with_name("pages")
SEEDS = (0, 1, 2, 3, 4)
CHOSEN = (
    "",
    "Settings were chosen on validation data. Test data served these tables alone, after the",
    "last epoch; no epoch was selected.",
)


def verdict(held: bool) -> str:
    """Whether what was wanted was reached.

    >>> verdict(True)
    'This is what was wanted.'
    """
    return "This is what was wanted." if held else "**This is less than what was wanted.**"


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
        f"- Command: `python -m experiments {part}` (`make experiments` for all)",
        f"- Seeds: {seeds}; {len(rows)} {what}, {minutes:.1f} minutes on one thread",
        f"- Commit: {', '.join(_each(rows, 'commit'))}",
        f"- Machine: {'; '.join(_each(rows, 'machine'))}; torch {', '.join(_each(rows, 'torch'))}",
        f"- Date: {dates[0] if len(dates) == 1 else f'{dates[0]} to {dates[-1]}'}",
        *(CHOSEN if chosen else ()),
    ]


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
    told = "\n".join(provenance(rows, part, what, chosen=chosen))
    return environment.get_template(f"{template}.md").render(provenance=told, **values)


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
