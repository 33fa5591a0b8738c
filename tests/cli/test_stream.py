"""`axonal stream`: a file through a trained run, a line per decision."""

import json
from pathlib import Path

import numpy as np
from helpers.shell import Axonal, Refused

from axonal.recipes import digits


def _sample(folder: Path) -> Path:
    samples = digits.data(digits.Settings())["test"]
    np.save(folder / "x.npy", samples.dense([3])[:, 0])
    return folder / "x.npy"


def test_a_line_leaves_for_every_decision(axonal: Axonal, run: Path, tmp_path: Path) -> None:
    file = _sample(tmp_path)
    steps = len(np.load(file))
    plain = axonal("stream", run, file)
    assert plain.returncode == 0, plain.stderr
    lines = [line.split() for line in plain.stdout.splitlines()]
    assert [int(line[0]) for line in lines] == list(range(steps))
    assert all(float(line[-2]) >= 0 and line[-1] == "ms" for line in lines)
    assert f"axonal: {steps} steps; ms per step: median" in plain.stderr
    fewer = axonal("stream", run, file, "--every", 7, "--json").stdout.splitlines()
    *decisions, summary = map(json.loads, fewer)
    assert [decision["t"] for decision in decisions] == [*range(6, steps, 7), steps - 1]
    last = decisions[-1]
    assert str(last["class"]) == lines[-1][3] and last["seconds"] == round(steps * 0.001, 9)
    assert summary["summary"]["steps"] == steps
    recent = axonal("stream", run, file, "--window", 1).stdout.splitlines()
    assert len(recent) == steps and recent[0].split()[:5] == lines[0][:5]


def test_what_cannot_be_streamed_is_one_line(refused: Refused, run: Path, tmp_path: Path) -> None:
    file = _sample(tmp_path)
    np.save(tmp_path / "wide.npy", np.zeros((4, 65)))
    for words, text in (
        ((tmp_path / "none", file), "holds no run: it has no config.json. Is the path right?"),
        ((run, tmp_path / "none.wav"), "there is no file"),
        ((run, tmp_path / "wide.npy"), "wide.npy has 65 channels per step, and that is not what"),
        ((run, file, "--window", "0"), "'--window'"),
    ):
        assert text in refused("stream", *words)
