"""Links of Markdown pages, and the headings that they lead to."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

CODE = re.compile(r"^(```|~~~).*?^\1", flags=re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,4} +(.+?) *$", flags=re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return CODE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """Fragments of links to the headings of a page, as GitHub and MyST make them."""
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in HEADING.findall(prose(page))
    }


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Links of a page to others: as written, the file, and the fragment, empty without one."""
    for link in LINK.findall(prose(page)):
        if not re.match(r"[a-z]+:", link):
            name, _, fragment = unquote(link).partition("#")
            yield link, (page.parent / name).resolve() if name else page, fragment


def dead(page: Path) -> list[str]:
    """Links of a page that lead to no file, or to no heading of one."""
    return [
        link
        for link, file, fragment in links(page)
        if not file.exists() or (fragment and fragment not in anchors(file))
    ]
