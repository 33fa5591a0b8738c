"""Tables of the kinds in docs/event-graph.md: `python -m axonal.deploy.kinds` writes them there."""

import sys
from pathlib import Path

from axonal._base.files import write_bytes
from axonal._base.tables import markdown_table
from axonal.deploy.kinds import KINDS
from axonal.deploy.kinds._kind import FIRING, Kind

PAGE = Path("docs/event-graph.md")


def kinds_table() -> str:
    """Equations and events of every kind, as a Markdown table.

    >>> "| `lif` | `h = decay * v + gain * I`;" in kinds_table()
    True
    """
    rows = [[f"`{name}`", kind.equation, kind.sends] for name, kind in _ordered()]
    return markdown_table(["kind", "one step", "sends"], rows)


def sources() -> str:
    """Publications of the kinds that have one, as a Markdown list.

    >>> "- `cuba`: the neuron of Loihi" in sources()
    True
    """
    return "\n".join(f"- `{name}`: {kind.source}" for name, kind in _ordered() if kind.source)


def layout() -> str:
    """Arrays of every kind in the file, as a Markdown table.

    >>> "| `cuba` | decay, gain, bias, threshold, synapse_decay | 3 |" in layout()
    True
    """
    rows = [[f"`{name}`", ", ".join(kind.fields), kind.since] for name, kind in _ordered()]
    return markdown_table(["kind", "arrays, float64 [N]", "since version"], rows)


def filled(page: str) -> str:
    """The page with its tables as the kinds are now, each between its two marks.

    >>> print(filled("<!-- kinds: sources -->old<!-- end -->"))
    <!-- kinds: sources -->
    ...
    - `graded`: payloads as Loihi 2 can send (Orchard et al., SiPS 2021, arXiv 2111.03746)
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


def _ordered() -> list[tuple[str, Kind]]:
    """Kinds that fire first, the simplest before the others."""
    return sorted(
        KINDS.items(),
        key=lambda item: (not item[1].spikes, item[1].fields != FIRING, item[1].since, item[0]),
    )


if __name__ == "__main__":
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    write_bytes(page, filled(page.read_text()).encode())
