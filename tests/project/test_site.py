"""The documentation site: every page can be reached, every public name is in the reference."""

import importlib
import re
import sys

import pytest
from helpers import ROOT

DOCS = ROOT / "docs"
TREE = re.compile(r"```\{toctree\}\n(.*?)```", flags=re.DOTALL)


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        made: dict[str, str] = importlib.import_module("_site.reference").made(ROOT / "src")
        packages = sys.modules["_site.packages"].PACKAGES
    assert len(made) > len(packages)
    return made


def test_every_public_name_is_in_the_reference_once(reference: dict[str, str]) -> None:
    from project.test_public_names import public_names

    described: list[str] = []
    for page in reference.values():
        package = re.search(r"currentmodule\} (\S+)", page)
        names = re.findall(
            r"^:::+\{py:(?:class|exception|function|data)\} (\w+)", page, re.MULTILINE
        )
        described += [f"{package.group(1)}.{name}" for name in names if package]
    assert sorted(described) == sorted(public_names())


def test_the_reference_keeps_shapes_equations_and_examples(reference: dict[str, str]) -> None:
    page = reference["neuro/neuro.layers"].partition("## LIF\n")[2].partition("\n## ")[0]
    assert ":class: equation\n\n    h = d v + x" in page
    assert ":param tau: membrane time constant in steps" in page
    assert ":returns: Called with x [T, B, N] and a state" in page
    assert "```pycon\n>>> lif = LIF(1, tau=2.0" in page
    assert ":class:`LIFState`" not in page


def test_every_page_can_be_reached() -> None:
    reached = set()
    for page in DOCS.glob("*.md"):
        for tree in TREE.findall(page.read_text()):
            for line in tree.splitlines():
                if line and not line.startswith(":"):
                    found = list(DOCS.glob(f"{line}.md")) or [(DOCS / f"{line}.md").resolve()]
                    reached |= {path.resolve() for path in found}
    pages = {*DOCS.glob("*.md"), *DOCS.glob("explanation/*.md"), *DOCS.glob("results/*.md")}
    assert pages - reached == {DOCS / "index.md"}


CELL = re.compile(r"^```\{code-cell\} python\n(?::.*\n)*(.*?)^```", flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["index", *sorted(p.stem for p in DOCS.glob("explanation/*.md"))])
def test_the_code_of_a_page_runs(page: str) -> None:
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    folder = DOCS if page == "index" else DOCS / "explanation"
    cells = CELL.findall((folder / f"{page}.md").read_text())
    assert cells
    names: dict[str, object] = {}
    for cell in cells:
        exec(compile(cell, page, "exec"), names)
    plt.close("all")
