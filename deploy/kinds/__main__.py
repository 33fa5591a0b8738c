"""Tables of the kinds in docs/event-graph.md: `python -m axonal.deploy.kinds` writes them there."""

import sys
from pathlib import Path

from axonal._base.files import write_bytes
from axonal._base.tables import markdown_table
from axonal.deploy.kinds import KINDS

PAGE = Path("docs/event-graph.md")


def kinds_table() -> str:
    """Equations and events of every kind, as a Markdown table.

    >>> "| `lif` | `h = decay * v + gain * I`;" in kinds_table()
    True
    """
    rows = [[f"`{name}`", kind.equation, kind.sends] for name, kind in KINDS.items()]
    return markdown_table(["kind", "one step", "sends"], rows)


def sources() -> str:
    """Publications of the kinds that have one, as a Markdown list.

    >>> "- `cuba`: the neuron of Loihi" in sources()
    True
    """
    return "\n".join(f"- `{name}`: {kind.source}" for name, kind in KINDS.items() if kind.source)


def layout() -> str:
    """Arrays of every kind in the file, as a Markdown table.

    >>> "| `cuba` | decay, gain, bias, threshold, synapse_decay | 3 |" in layout()
    True
    """
    rows = [[f"`{name}`", ", ".join(kind.fields), kind.since] for name, kind in KINDS.items()]
    return markdown_table(["kind", "arrays, float64 [N]", "since version"], rows)


def filled(page: str) -> str:
    """The page with its tables as the kinds are now, each between its two marks.

    >>> print(filled("<!-- kinds: sources -->old<!-- end -->"))
    <!-- kinds: sources -->
    ...
    - `cuba`: the neuron of Loihi (Davies et al., IEEE Micro 2018)
    ...
    """
    parts = {"table": kinds_table, "sources": sources, "layout": layout}
    for name, part in parts.items():
        start, end = f"<!-- kinds: {name} -->", "<!-- end -->"
        head, mark, rest = page.partition(start)
        if mark:
            after = rest.partition(end)[2]
            page = f"{head}{start}\n\n{part()}\n\n{end}{after}"
    return page


if __name__ == "__main__":
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    write_bytes(page, filled(page.read_text()).encode())
