"""Pages and lists on the command line: show, models."""

import json
from pathlib import Path

from helpers.shell import Axonal, Refused

from axonal import recipes


def test_a_shipped_network_and_a_run_folder_are_drawn(
    axonal: Axonal, run: Path, tmp_path: Path
) -> None:
    made = axonal("show", "digits", "--backend", "reference", cwd=tmp_path)
    assert (made.returncode, made.stdout) == (0, "written to digits.html\n"), made.stderr
    assert "equal on reference" in (tmp_path / "digits.html").read_text()
    made = axonal("show", run, "--out", tmp_path / "run.html", "--json")
    told = json.loads(made.stdout)
    assert told["bytes"] == (tmp_path / "run.html").stat().st_size


def test_what_cannot_be_drawn_is_one_line(refused: Refused, tmp_path: Path) -> None:
    for words, told in (
        (("show", tmp_path / "none.h5"), "none.h5"),
        (("show", "digits", "--chip", "abacus"), "--chip takes loihi2 or spinnaker, got abacus"),
        (("show", "digits", "--backend", "abacus"), "abacus"),
        (("show", "digits", "--out", tmp_path / "none" / "page.html"), "none"),
        (("models", "letters"), "no trained 'letters' comes with axonal"),
    ):
        assert told in refused(*words), words


def test_models_are_listed_with_the_commands_that_made_them(axonal: Axonal) -> None:
    found = json.loads(axonal("models", "--json").stdout)["models"]
    assert [model["name"] for model in found] == list(recipes.shipped())
    listed = axonal("models").stdout
    assert all(model["command"] in listed for model in found)
    one = json.loads(axonal("models", "digits", "--json").stdout)
    assert one["graph"].endswith(" synapses") and Path(one["folder"]).is_dir()
