"""What is kept of a phase diagram is believed only while it is what was written."""

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from helpers.phase import QUICK, chunks

from axonal._base.files import locked_folder
from axonal.hebbian import Hopfield, load_phase_diagram, phase_diagram

GRID = {"alpha": [0.05], "T": [0.3, 0.4], "mc": QUICK, "jobs": 1}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    phase_diagram(Hopfield(), out=folder, **GRID)
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def flipped(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 4
    file.write_bytes(content)


def refused(folder: Path) -> str:
    with pytest.raises(ValueError, match="or a damaged one") as caught:
        load_phase_diagram(folder)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def test_a_flipped_cell_is_refused(copy: Path) -> None:
    content = chunks(copy)[0].read_bytes()
    for place in range(0, len(content), 7):
        flipped(chunks(copy)[0], place)
        refused(copy)
        chunks(copy)[0].write_bytes(content)
    load_phase_diagram(copy)


def test_every_file_beside_the_cells_is_under_a_checksum(copy: Path) -> None:
    cells = copy / "diagram.zarr" / "montecarlo" / "c"
    files = [f for f in (copy / "diagram.zarr").rglob("*") if f.is_file()]
    others = [f for f in files if cells not in f.parents]
    assert len(others) > 20
    for file in others:
        content = file.read_bytes()
        flipped(file, len(content) // 2)
        with pytest.raises(ValueError) as caught:
            load_phase_diagram(copy)
        assert "\n" not in str(caught.value)
        file.unlink()
        refused(copy)
        file.write_bytes(content)
    load_phase_diagram(copy)


@pytest.mark.parametrize(
    "settings", ["{}", "[]", "[" * 500, '{"format": "2"', '{"format": "1", "axonal": "x"}']
)
def test_nonsense_in_the_settings_is_one_line_that_says_what_helps(
    settings: str, copy: Path
) -> None:
    file = copy / "diagram.zarr" / "zarr.json"
    root = json.loads(file.read_text())
    root["attributes"]["settings"] = settings
    file.write_text(json.dumps(root))
    with pytest.raises(ValueError, match="use another folder") as caught:
        load_phase_diagram(copy)
    assert "\n" not in str(caught.value)


def test_two_calls_into_one_folder_do_not_collide(copy: Path) -> None:
    said = []

    def second() -> None:
        try:
            phase_diagram(Hopfield(), out=copy, **GRID)
        except BlockingIOError as error:
            said.append(str(error))

    with locked_folder(copy):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert said == [f"another process writes into {copy}: wait for it, or use another folder"]
    second()
    assert len(said) == 1


def test_drafts_of_the_dead_are_removed(copy: Path) -> None:
    (copy / ".diagram.zarr-0123").mkdir()
    draft = chunks(copy)[0].with_suffix(".0123.partial")
    draft.write_bytes(b"half")
    phase_diagram(Hopfield(), out=copy, **GRID)
    assert not draft.exists()
    assert [f.name for f in copy.iterdir()] == ["diagram.zarr"]


def test_the_values_are_those_that_were_computed(whole: Path) -> None:
    again = phase_diagram(Hopfield(), **GRID)
    np.testing.assert_array_equal(load_phase_diagram(whole).overlap, again.overlap)
