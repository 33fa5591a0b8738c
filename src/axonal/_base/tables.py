"""Tables for terminals and for Markdown pages."""

import io
from collections.abc import Iterable, Sequence


def text_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under their headings; columns of numbers to the right.

    Args:
        head: headings.
        rows: cells, as many per row as headings; None is shown as "-", floats with three digits.

    Returns:
        the lines, without a final newline.

    >>> print(text_table(["name", "size"], [["a", 10], ["bcd", 5]]))
    name  size
    a       10
    bcd      5
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    body = [list(row) for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for column, name in enumerate(head):
        numbers = bool(body) and all(_is_number(row[column]) for row in body)
        table.add_column(Text(name), justify="right" if numbers else "left", no_wrap=True)
    for row in body:
        table.add_row(*(Text(_cell(value)) for value in row))
    stream = io.StringIO()
    Console(file=stream, width=1 << 16, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of GitHub's Markdown.

    Args:
        head: headings.
        rows: cells, as many per row as headings; a "|" in a cell is escaped.

    Returns:
        the lines, without a final newline.

    >>> print(markdown_table(["name", "size"], [["a", 10]]))
    | name | size |
    | --- | --- |
    | a | 10 |
    """
    lines = [list(map(str, head)), ["---"] * len(head), *(list(map(str, row)) for row in rows)]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in lines)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) or cell is None


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
