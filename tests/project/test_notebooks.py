"""The committed notebooks are numbered, short, and show what they computed."""

import re
from pathlib import Path

import nbformat
import pytest
from helpers import ROOT

FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_every_notebook_has_a_number_of_its_own() -> None:
    # numbers are given to notebooks that are planned, so that one may come before its predecessor
    numbers = [re.fullmatch(r"(\d\d)_\w+", path.stem)[1] for path in NOTEBOOKS]
    assert numbers[0] == "01"
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_short_and_was_run_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert len(notebook.cells) <= 30
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
