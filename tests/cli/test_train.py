"""`axonal train`: its options are the settings of a recipe."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.shell import ENV, Axonal, Refused, process

from axonal import cli, recipes
from axonal.cli._settings import meanings


@pytest.mark.parametrize("words", [("--help",), ("train", "--help")])
def test_help_imports_nothing_heavy(words: Sequence[str]) -> None:
    script = (
        "import sys\n"
        "from axonal.cli import main\n"
        f"sys.argv = ['axonal', *{words!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'torch', 'numpy', 'numba', 'sklearn', 'matplotlib', 'lightning'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=ENV, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in (recipes.names() if words[0] == "train" else ()))


@pytest.mark.parametrize("recipe", recipes.names())
def test_the_help_of_a_recipe_lists_every_setting_with_default_and_meaning(
    recipe: str, axonal: Axonal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = axonal("train", recipe, "--help").stdout
    settings = recipes.find(recipe).Settings
    words = meanings(settings)
    for field in dataclasses.fields(settings):
        assert words[field.name].rstrip("."), field.name
        option = f"│ --{field.name.replace('_', '-')} "
        (line,) = (x for x in text.splitlines() if option in x)
        assert words[field.name][1:30] in line
    assert text.count("[default: ") >= len(dataclasses.fields(settings))


def test_no_command_knows_the_name_of_a_recipe() -> None:
    files = {path.name: path.read_text() for path in Path(cli.__file__).parent.glob("*.py")}
    assert [f for f, text in files.items() for name in recipes.names() if name in text] == []


def test_every_setting_can_be_given(axonal: Axonal, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[recipes.Settings] = []

    def train(name: str, settings: recipes.Settings, *_: object, **__: object) -> None:
        chosen.append(settings)
        raise recipes.RecipeError("enough")

    monkeypatch.setattr(recipes, "train", train)
    settings = recipes.find("coincidence").Settings(arm="none", sigma=None, learning_rate=0.5)
    words = [
        word
        for name, value in settings.to_json().items()
        for word in (f"--{name.replace('_', '-')}", "none" if value is None else value)
    ]
    assert axonal("train", "coincidence", *words).returncode == 2
    assert chosen == [settings]


@pytest.mark.slow
def test_with_json_a_training_prints_json_and_nothing_else(tmp_path: Path) -> None:
    words = ("train", "coincidence", "--arm", "none", "--epochs", "1", "--json")
    result = process(*words, "--out", tmp_path / "run")
    assert result.returncode == 0
    assert result.stderr == ""
    assert json.loads(result.stdout)["recipe"] == "coincidence"


def test_resume_of_a_finished_run_reports_it_again(refused: Refused, run: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    assert config["settings"]["hidden"] == 12
    line = refused("train", "digits", "--epochs", "1", "--out", run, "--resume")
    assert "was started with hidden 12, not 128" in line
