"""Damage to the files of a run: none is taken for whole, and each is one line that helps."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from axonal import recipes
from axonal.recipes import digits
from axonal.recipes._checksums import checksums
from axonal.recipes._run_folder import RunFolder

FILES = ("config.json", "model.pt", "summary.json")
SETTINGS = digits.Settings(epochs=2, hidden=6)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    return Path(shutil.copytree(recipes.trained("digits"), tmp_path / "run"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "digits"
    recipes.train("digits", SETTINGS, folder, device="cpu")
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def one_line(folder: Path) -> str:
    """The one line with which a damaged run is refused."""
    with pytest.raises(recipes.RecipeError) as caught:
        recipes.load_run(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def mutations(content: bytes, r: np.random.Generator, count: int) -> list[bytes]:
    """Bytes changed, cut out, doubled or cut off, each at some place."""
    found = []
    for _ in range(count):
        at, length = int(r.integers(len(content))), int(r.integers(1, 64))
        changed = bytes(x ^ int(r.integers(1, 256)) for x in content[at : at + length])
        part = content[at : at + length]
        middles = (changed, b"", part + part, bytes(x ^ 1 for x in part[:1]) + part[1:])
        middle = middles[int(r.integers(4))]
        end = b"" if r.random() < 0.1 else content[at + length :]
        found.append(content[:at] + middle + end)
    return [x for x in found if x != content]


@pytest.mark.parametrize("name", [*FILES, "checksums.sha256"])
def test_nothing_that_was_changed_is_loaded(name: str, shipped: Path) -> None:
    whole = (shipped / name).read_bytes()
    for content in mutations(whole, np.random.default_rng(0), 100):
        (shipped / name).write_bytes(content)
        assert name in one_line(shipped)
    (shipped / name).write_bytes(whole)
    recipes.load_run(shipped)


def test_a_run_without_checksums_is_loaded_with_the_right_weights_or_refused(shipped: Path) -> None:
    (shipped / "checksums.sha256").unlink()
    whole = (shipped / "model.pt").read_bytes()
    expected = recipes.load_run(shipped)[0].state_dict()
    refused = 0
    for content in mutations(whole, np.random.default_rng(1), 60):
        (shipped / "model.pt").write_bytes(content)
        try:
            found = recipes.load_run(shipped)[0].state_dict()
        except recipes.RecipeError as error:
            assert "model.pt" in str(error) and "\n" not in str(error)
            refused += 1
        else:
            assert all(torch.equal(found[key], x) for key, x in expected.items())
    assert refused > 30


DEEP = "[" * 100_000 + "]" * 100_000
NONSENSE = ["", "{}", "[]", "3", "null", DEEP, "1" * 5000, '{"a": ' * 70 + "1" + "}" * 70, "\ud800"]


def settings_with(**changes: Any) -> str:
    values = {"recipe": "digits", "version": "0.1.0", "settings": SETTINGS.to_json()}
    return json.dumps({**values, "settings": {**values["settings"], **changes}})  # type: ignore[dict-item]


@pytest.mark.parametrize("sealed", [False, True])
def test_nonsense_in_config_and_summary_is_one_line(sealed: bool, run: Path) -> None:
    configs = [
        *NONSENSE,
        '{"recipe": ["digits"], "settings": {}}',
        '{"recipe": "digits", "settings": [1]}',
        '{"recipe": "letters", "settings": {}}',
        settings_with(hidden=10**12),
        settings_with(hidden=999_999),
        settings_with(hidden=10**4200),
        settings_with(epochs=10**30),
        settings_with(tau=float("inf")),
        settings_with(tau=10**400),
        settings_with(seed=2**64),
        settings_with(reset=["zero"]),
        settings_with(hidden=True),
    ]
    summary = json.loads((run / "summary.json").read_text())
    summaries = [
        *NONSENSE,
        *(
            json.dumps({k: v for k, v in summary.items() if k != gone})
            for gone in ("seconds", "recipe")
        ),
        *(json.dumps({**summary, "test_accuracy": x}) for x in (None, "1", 2, float("nan"), True)),
        json.dumps({**summary, "trained_parameters": 10**4200}),
        json.dumps({**summary, "recipe": "coincidence"}),
    ]
    for name, texts in (("config.json", configs), ("summary.json", summaries)):
        whole = (run / name).read_bytes()
        for text in texts:
            (run / name).write_bytes(text.encode(errors="surrogatepass"))
            contents = {file: (run / file).read_bytes() for file in FILES}
            (run / "checksums.sha256").unlink(missing_ok=True)
            if sealed:
                (run / "checksums.sha256").write_text(checksums(contents))
            line = one_line(run)
            assert name in line or "hidden" in text
            assert len(line) < 600
        (run / name).write_bytes(whole)


@pytest.mark.parametrize("name", ["model.pt", "summary.json"])
def test_what_is_damaged_is_made_anew_from_the_checkpoint(name: str, run: Path) -> None:
    whole = (run / "model.pt").read_bytes()
    summary = RunFolder(run).read_summary()
    (run / name).write_bytes(b"")
    line = one_line(run)
    assert f"axonal train digits --out {run} --resume makes it anew from last.ckpt" in line
    again = recipes.train("digits", SETTINGS, run, device="cpu", resume=True)
    assert again["test_accuracy"] == summary["test_accuracy"]
    assert (run / "model.pt").read_bytes() == whole
    recipes.load_run(run)


def test_a_damaged_run_without_a_checkpoint_is_refused_by_resume_too(run: Path) -> None:
    (run / "checkpoints" / "last.ckpt").unlink()
    (run / "model.pt").write_bytes(b"")
    with pytest.raises(
        recipes.RecipeError, match=r"put it back from a copy, or make .* with --force"
    ):
        recipes.train("digits", SETTINGS, run, device="cpu", resume=True)


def test_a_damaged_checkpoint_is_named_and_says_what_helps(run: Path) -> None:
    (run / "summary.json").unlink()
    file = run / "checkpoints" / "last.ckpt"
    whole = file.read_bytes()
    damaged = mutations(whole, np.random.default_rng(2), 10)
    for content in (b"", b"nothing", whole[:-1], *damaged):
        file.write_bytes(content)
        with pytest.raises(recipes.RecipeError, match="begin anew with --force") as caught:
            recipes.train("digits", SETTINGS, run, device="cpu", resume=True)
        assert str(file) in str(caught.value) and "\n" not in str(caught.value)
    torch.save({"epoch": 1}, file)
    with pytest.raises(recipes.RecipeError, match="it has no state_dict"):
        recipes.train("digits", SETTINGS, run, device="cpu", resume=True)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(shipped: Path) -> None:
    for name in FILES:
        (shipped / name).unlink()
        os.mkfifo(shipped / name)
        with pytest.raises(OSError, match="it is a pipe, expected a regular file"):
            recipes.load_run(shipped)
        (shipped / name).unlink()
        shutil.copy(recipes.trained("digits") / name, shipped)
