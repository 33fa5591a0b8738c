"""The recipe of N-MNIST: folds that share nothing, recordings moved while training alone."""

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import needs
from helpers.nmnist import write_recordings

from axonal import deploy, recipes
from axonal.datasets.sets import nmnist as read_nmnist
from axonal.recipes import _learning, _nmnist_recordings, nmnist


def tiny(**changes: Any) -> nmnist.Settings:
    return nmnist.Settings(**{"epochs": 1, "channels": 2, "batch": 32, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("nmnist"))


@pytest.fixture
def recordings(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "nmnist").symlink_to(made)
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path / "data"))
    return made


def content(events: Any) -> list[tuple[int, ...]]:
    """Every sample as something that can be compared."""
    return [(int(s.label), *s.recording.times[:20], *s.recording.addresses[:20]) for s in events]


# --- data ---


def test_every_recording_is_tested_in_one_fold_and_trained_on_in_none_that_tests_it(
    made: Path,
) -> None:
    sets = read_nmnist(made)
    everything = sorted(content(sets["train"]) + content(sets["test"]))
    tested = []
    for fold in range(_nmnist_recordings.FOLDS):
        parts = {name: content(part) for name, part in _nmnist_recordings.split(sets, fold).items()}
        assert sorted(chain(*parts.values())) == everything
        assert len(parts["test"]) == 150 // 5
        assert {row[0] for row in parts["validation"]} == set(range(10))
        tested += parts["test"]
    assert sorted(tested) == everything


def test_the_official_test_recordings_are_never_trained_on(made: Path) -> None:
    sets = read_nmnist(made)
    parts = {name: content(part) for name, part in _nmnist_recordings.split(sets, None).items()}
    assert parts["test"] == content(sets["test"])
    assert sorted(parts["train"] + parts["validation"]) == sorted(content(sets["train"]))


def test_the_folds_of_the_recordings_at_hand() -> None:
    sets = read_nmnist(needs.data("nmnist-small"))
    sizes = [len(_nmnist_recordings.split(sets, fold)["test"]) for fold in range(nmnist.FOLDS)]
    assert sum(sizes) == 1100
    assert max(sizes) - min(sizes) <= 10


@pytest.mark.usefixtures("recordings")
def test_recordings_move_from_epoch_to_epoch_while_training_alone() -> None:
    data = nmnist.data(tiny())
    moved = [recipes.Augmented.in_epoch(data["train"], e).dense([0, 1]) for e in (0, 0, 1)]
    np.testing.assert_array_equal(moved[0], moved[1])
    assert (moved[0] != moved[2]).any()
    still = nmnist.data(tiny(arm="still"))
    assert not isinstance(still["train"], recipes.Augmented)
    for part in ("validation", "test"):
        np.testing.assert_array_equal(data[part].dense([0]), still[part].dense([0]))


@pytest.mark.usefixtures("recordings")
def test_the_control_sees_square_roots_of_all_events_at_once() -> None:
    still, roots = (nmnist.data(tiny(arm=arm))["test"] for arm in ("still", "linear"))
    counts = still.dense(range(20)).sum(0, keepdims=True)
    np.testing.assert_allclose(roots.dense(range(20)) ** 2, counts, atol=1e-5)
    assert counts.sum() == 20 * 40


# --- networks ---


@pytest.mark.usefixtures("recordings")
@pytest.mark.parametrize("arm", nmnist.ARMS)
def test_every_arm_learns_what_is_easy(arm: str) -> None:
    settings = tiny(arm=arm, epochs=15, channels=4, shift=1, learning_rate=0.02)
    data, net = nmnist.data(settings), nmnist.build(settings)
    _learning.fit(net, settings, data["train"])
    assert _learning.accuracy(net, data["test"], settings) > 0.8


def test_the_control_has_no_memory_and_no_spikes() -> None:
    net = nmnist.build(tiny(arm="linear"))
    assert not [m for m in net.stateful_layers.values() if m.spiking]
    x = torch.rand(1, 3, 2312)
    expected = torch.nn.functional.linear(x, net["weights"].weight, net["weights"].bias)
    torch.testing.assert_close(net(x)[0], expected)


@pytest.mark.usefixtures("recordings")
def test_a_trained_network_is_exported_with_its_spikes(tmp_path: Path) -> None:
    # the averages of the norms need some updates to be those of the data
    settings = tiny(epochs=4, batch=8, channels=4, learning_rate=0.02)
    summary = recipes.train("nmnist", settings, tmp_path / "run", device="cpu")
    assert summary["samples"] == {"train": 110, "validation": 20, "test": 20}
    with pytest.warns(UserWarning, match="other values than 0 and 1"):
        graph = recipes.export_run(tmp_path / "run", samples=2)
    assert deploy.verify(graph).passed


# --- folds ---


@pytest.mark.slow
@pytest.mark.usefixtures("recordings")
def test_folds_are_compared_with_the_error_of_all_samples(tmp_path: Path) -> None:
    answer = recipes.compare("nmnist", tmp_path, epochs=1, channels=2)
    assert answer["networks"] == 15
    assert "3 arms, 5 folds" in answer["table"]
    assert "binomial error" in answer["table"]
    assert "cost of rounding" not in answer["table"]
    assert "paired by fold" in answer["table"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("arm", "round"), ("fold", 5), ("fold", -1), ("steps", 0), ("channels", 0), ("tau", 0.0),
     ("dropout", 1.0), ("thinning", -0.1), ("shift", -1), ("turn", 181.0)],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes"):
        tiny(**{name: value})


def test_without_recordings_training_says_what_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path))
    with pytest.raises(recipes.RecipeError, match="N-MNIST is not whole") as caught:
        nmnist.data(tiny())
    assert "\n" not in str(caught.value)
