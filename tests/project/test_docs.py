"""What the documents say is so: code runs, links lead somewhere, versions agree."""

import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers import ROOT, needs, pages

import axonal

DOCUMENTS = ("README.md", "CONTRIBUTING.md")
WITH_CODE = (
    "choosing",
    "continual",
    "energy",
    "event-data",
    "extending",
    "gpu",
    "language",
    "lengths",
    "local-learning",
    "numerics",
    "own-events",
    "plasticity",
    "recipes",
    "recurrence-and-convolutions",
    "reservoirs",
    "sequence-models",
    "timescales",
    "training",
    "when-nothing-learns",
)
GENERATED = re.compile(
    r"\.venv.*|\.git|\.[a-z]+_cache|\.hypothesis|\.ipynb_checkpoints|__pycache__|runs|build|dist"
    r"|lightning_logs|_build|.*\.egg-info"
)
MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:work|tmp|root|home|Users)/[\w.-]+")
REGISTRY = re.compile(rb"pypi[.]org|pythonhosted[.]|npmjs[.]")


def project_files() -> Iterator[Path]:
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if not GENERATED.fullmatch(name)]
        files = (Path(folder, name) for name in names if not GENERATED.fullmatch(name))
        yield from (file for file in files if not file.is_symlink())


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


RUN = "import runpy, sys\nfor script in sys.argv[1:]: runpy.run_path(script, None, '__main__')"
OTHER_PROCESSES = ("many-machines", "phase-diagrams")
"""Pages whose code starts processes, which run its file again."""


def script(folder: Path, document: str) -> Path:
    """The code of a document in a file."""
    code = blocks(document, "python")
    assert code, document
    written = folder / f"{Path(document).stem}.py"
    written.write_text("\n".join(code))
    return written


def run_python(folder: Path, *words: str | Path) -> None:
    result = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_the_python_code_of_the_documents_runs(tmp_path: Path) -> None:
    documents = ["README.md", *(f"docs/{name}.md" for name in WITH_CODE)]
    # one after another in one process, which imports torch once
    run_python(tmp_path, "-W", "error", "-c", RUN, *(script(tmp_path, d) for d in documents))


@pytest.mark.slow
@pytest.mark.parametrize("page", OTHER_PROCESSES)
def test_the_python_code_of_a_page_that_starts_processes_runs(tmp_path: Path, page: str) -> None:
    run_python(tmp_path, script(tmp_path, f"docs/{page}.md"))


def test_every_page_whose_code_is_marked_as_python_runs() -> None:
    others = {
        "coming-from",
        "deployment",
        "importers",
        "models",
    }  # checked apart, or of files there
    found = {page.stem for page in ROOT.glob("docs/*.md") if blocks(f"docs/{page.name}", "python")}
    assert found - {*WITH_CODE, *OTHER_PROCESSES, *others} == set()


@pytest.mark.slow
def test_the_same_networks_in_other_frameworks_fire_as_their_page_says(tmp_path: Path) -> None:
    needs.require("peers")
    (tmp_path / "page.py").write_text("\n".join(blocks("docs/coming-from.md", "python")))
    result = subprocess.run(
        [needs.PEERS, tmp_path / "page.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_make_targets_in_the_documents_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", "".join(blocks(document, "bash"))))
    assert named
    assert named <= targets


def test_the_links_of_all_pages_lead_to_files_and_headings() -> None:
    written = [ROOT / name for name in (*DOCUMENTS, "CHANGELOG.md", "benchmarks/RESULTS.md")]
    found = [*written, *(p for p in ROOT.glob("docs/**/*.md") if "_build" not in p.parts)]
    assert {str(page.relative_to(ROOT)): dead for page in found if (dead := pages.dead(page))} == {}
    assert all(any(pages.links(ROOT / document)) for document in DOCUMENTS)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 130


def test_no_file_names_a_path_of_one_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in project_files()
        for pattern in (MACHINE_PATH, REGISTRY)
        for match in pattern.finditer(path.read_bytes())
    ]
    assert found == []


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert headings[0] == axonal.__version__


def test_the_citation_has_what_the_format_requires_and_agrees_with_setup_cfg() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert str(citation["version"]) == config["metadata"]["version"]
    assert citation["license"] == config["metadata"]["license"]
    assert [author["name"] for author in citation["authors"]] == [config["metadata"]["author"]]


def test_the_cited_papers_are_those_that_the_docstrings_name() -> None:
    references = yaml.safe_load((ROOT / "CITATION.cff").read_text())["references"]
    assert all({"type", "title", "authors", "year"} <= set(reference) for reference in references)
    cited = {
        found["value"].removeprefix("arXiv:")
        for reference in references
        for found in reference.get("identifiers", ())
    }
    named = {folder: arxiv(folder) for folder in ("neuro", "hebbian", "reservoirs")}
    assert cited <= set().union(*named.values())
    # whole published networks and rules: none is left out
    assert arxiv("neuro/models") | arxiv("hebbian/modern") <= cited
    assert len(references) > len(cited) > 30


def arxiv(folder: str) -> set[str]:
    """Numbers of papers that the sources of a folder name."""
    sources = "\n".join(path.read_text() for path in (ROOT / folder).rglob("*.py"))
    return set(re.findall(r"(?:arXiv[\s:]+|^\s*)(\d{4}\.\d{4,5})\b", sources, flags=re.MULTILINE))
