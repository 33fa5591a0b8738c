"""Bad input of the command line: one line on stderr, exit code 2."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers.shell import Axonal, Refused, one_line, process


def npz(folder: Path, **arrays: Sequence[float] | np.ndarray) -> Path:
    np.savez(folder / "data.npz", **{k: np.asarray(v) for k, v in arrays.items()})
    return folder / "data.npz"


def test_what_the_user_got_wrong_is_one_line(
    axonal: Axonal, refused: Refused, run: Path, graph: Path, tmp_path: Path
) -> None:
    (tmp_path / "corrupt.h5").write_bytes(graph.read_bytes()[:500])
    for name in ("foreign.h5", "foreign.nir"):
        with h5py.File(tmp_path / name, "w") as file:
            file["x"] = [1]
    x = np.zeros((24, 2, 64))
    cases = [
        (
            ("train", "digit"),
            "there is no recipe 'digit'; the recipes are attention-nmnist, chaos, coinc",
        ),
        (("train", "digits", "--out", run), "holds a finished run"),
        (("train", "digits", "--arm", "none"), "No such option: --arm"),
        (("train", "coincidence", "--arm", "some"), "arm takes one of learned, fixed, none"),
        (("train", "coincidence", "--reset", "zero"), "No such option: --reset"),
        (("train", "coincidence", "--sigma", "wide"), "'wide' is neither a float nor none"),
        (("train", "digits", "--reset", "soft"), 'reset takes "zero" or "subtract"'),
        (("export", "digits", "--target", "loihi2"), "'hidden' has reset 'subtract'"),
        (("run", graph, "--data", "digits", "--backend", "lava"), "'hidden' has reset 'subtract'"),
        (("train", "digits", "--epochs", "0", "--out", tmp_path / "a"), "epochs takes"),
        (("train", "digits", "--device", "abacus", "--out", tmp_path / "a"), "auto, cpu, cuda"),
        (("train", "digits", "--epochs", "many"), "epochs"),
        (("train",), "recipe"),
        (("fly",), "fly"),
        (("export", tmp_path / "nothing"), "holds no run"),
        (("export", run, "--target", "nir"), "'hidden': reset 'subtract'"),
        (("export", run, "--reset", "subtract"), "--reset belongs to --target nir"),
        (("generate", tmp_path / "nothing", "--prompt", "a"), "holds no run"),
        (("generate", run, "--prompt", "a"), "is of digits, which writes no text"),
        (("generate", run, "--prompt", "a", "--top-p", "2"), "--top-p takes a share"),
        (("generate", run), "Missing option '--prompt'"),
        (("train", "spikegpt-char", "--tokens", "words"), "tokens takes one of characters"),
        (("verify", tmp_path / "foreign.nir"), "an HDF5 file, but no NIR graph"),
        (("export", run, "--out", tmp_path / "no" / "g.h5"), "no"),
        (("verify", tmp_path / "missing.h5"), "missing.h5"),
        (("verify", tmp_path / "corrupt.h5"), "corrupt.h5"),
        (("verify", tmp_path / "foreign.h5"), "foreign.h5"),
        (("verify", graph, "--backends", "abacus"), "unknown back end 'abacus'"),
        (("verify", graph, "--backends", ","), "at least one back end"),
        (("verify", graph, "--timeout", "-1"), "'--timeout': Input should be greater"),
        (("place", graph, "--seed", "-1"), "'--seed': Input should be greater"),
        (("place", graph, "--seed", 2**64), "'--seed': Input should be less"),
        (("train", "digits", "--seed", 2**64), "seed takes a whole number from 0 to 2^64 - 1"),
        (("train", "digits", "--tau", "inf"), "tau takes a finite number"),
        (("train", "digits", "--tau", "1e9"), "tau takes steps from 0.1 to 1000000"),
        (("train", "coincidence", "--tau", "nan"), "tau takes a finite number"),
        (("place", graph, "--figure", tmp_path), "it is a folder"),
        (("energy", graph, "--figure", tmp_path), "it is a folder"),
        (("place", graph, "--figure", tmp_path / "a.txt"), "--figure takes .png, .pdf or .svg"),
        (("energy", graph, "--figure", tmp_path / "a"), "--figure takes .png, .pdf or .svg"),
        (
            ("run", graph, "--data", "letters"),
            "--data takes digits, a recipe of your own (.py) or a file",
        ),
        (("run", graph, "--data", "coincidence"), "this graph was trained on digits"),
        (("run", graph, "--data", tmp_path / "none.npz"), "there is no file"),
        (("run", graph, "--data", npz(tmp_path, y=[1])), "expected x [T, B, N]"),
    ]
    wrong = []
    for words, expected in cases:
        result = axonal(*words)
        lines = result.stderr.splitlines()
        if result.returncode != 2 or len(lines) != 1 or expected not in lines[0]:
            wrong.append((words, result.returncode, result.stderr))
    for arrays, expected in (
        ({"x": x, "labels": np.zeros(24, int)}, "Is x batch-first?"),
        ({"x": np.zeros((2, 24, 63))}, "63"),
    ):
        line = refused("run", graph, "--data", npz(tmp_path, **arrays))
        if expected not in line:
            wrong.append((tuple(arrays), 2, line))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "digit"), "there is no recipe 'digit'"),
        (("verify", "digits", "--timeout", "-1"), "'--timeout': Input should be greater"),
        (("export", "nowhere"), "holds no run"),
    ],
)
def test_a_process_of_its_own_refuses_in_one_line(words: Sequence[str], said: str) -> None:
    assert said in one_line(process(*words))
