"""Plain text tables, for summaries that are printed."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under their headings; columns of numbers to the right.

    Args:
        head: headings.
        rows: cells, as many per row as headings.

    Returns:
        the lines, without a final newline.

    >>> print(table(["name", "size"], [["a", 10], ["bcd", 5]]))
    name  size
    a       10
    bcd      5
    """
    body = [list(row) for row in rows]
    texts = [list(head), *([_text(cell) for cell in row] for row in body)]
    widths = [max(len(line[k]) for line in texts) for k in range(len(head))]
    right = [bool(body) and all(_is_number(row[k]) for row in body) for k in range(len(head))]
    lines = []
    for line in texts:
        cells = zip(line, widths, right, strict=True)
        lines.append("  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip())
    return "\n".join(lines)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) or cell is None


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)
