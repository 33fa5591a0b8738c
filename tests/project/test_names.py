"""A class is found in the file of its name."""

import ast
from pathlib import Path

import pytest
from helpers import ROOT

FOLDERS = ("datasets", "deploy", "hebbian", "neuro", "reservoirs", "src")
# They stand beside the class that they belong to.
BESIDE = ("State", "Error", "Settings")
LEAST = {"neuro/layers": 0.9, "hebbian": 0.75}
"""Least shares of single folders."""
ALL = 0.75
"""Least share of all."""


def classes(folder: str) -> list[tuple[str, Path]]:
    """Public classes of a folder, but those of `BESIDE`, with their files."""
    files = (path for path in (ROOT / folder).rglob("*.py") if not path.is_symlink())
    return [
        (node.name, path.relative_to(ROOT))
        for path in sorted(files)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and not node.name.endswith(BESIDE)
    ]


def named_alike(name: str, path: Path) -> bool:
    stem = path.stem if path.stem != "__init__" else path.parent.name
    one, other = name.lower(), stem.replace("_", "").lower()
    return other in one or one in other


def found(*folders: str) -> tuple[float, str]:
    """Share of the classes that stand in a file of their name, and the others in words."""
    every = [entry for folder in folders for entry in classes(folder)]
    missed = [(name, path) for name, path in every if not named_alike(name, path)]
    words = "; ".join(f"{name} in {path}" for name, path in missed)
    return 1 - len(missed) / len(every), f"{len(missed)} of {len(every)} elsewhere: {words}"


@pytest.mark.parametrize("folder", LEAST)
def test_classes_of_a_folder_are_found_in_the_files_of_their_names(folder: str) -> None:
    share, missed = found(folder)
    print(missed)
    assert share >= LEAST[folder], missed


def test_most_classes_are_found_in_the_files_of_their_names() -> None:
    share, missed = found(*FOLDERS)
    print(missed)
    assert share >= ALL, missed
