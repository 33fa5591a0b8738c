"""The recipe of spoken digits: fair arms, runs that end, reports that do not boast."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sound_common import write_recordings

from axonal import cli, datasets, deploy, neuro, recipes
from axonal.recipes import sound_figures, spoken_digits
from axonal.recipes._samples import Padded
from axonal.recipes._train import count_trained
from axonal.recipes.experiments import (
    _comparison,
    _spoken_digits,
    _spoken_digits_attempts,
)
from axonal.recipes.experiments._runs import Run, Store, perform

SRC = Path(__file__).resolve().parents[1] / "src"
TINY = {"hidden": 3, "epochs": 3, "batch": 512, "steps": 8, "silence": 4, "max_delay": 3}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with made-up recordings."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "fsdd").mkdir()
    write_recordings(folder / "fsdd")
    return folder


@pytest.fixture
def data(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AXONAL_DATA", str(recordings))
    monkeypatch.setenv("AXONAL_CACHE", str(recordings / "cache"))
    return recordings


def tiny(**changes: Any) -> spoken_digits.Settings:
    return spoken_digits.Settings(**{**TINY, **changes})


# --- arms ---


@pytest.mark.parametrize("hidden", [1, 5, 48, 100])
@pytest.mark.parametrize("front_end", spoken_digits.CHANNELS)
def test_arms_of_equal_parameters_differ_by_less_than_a_neuron_in_their_favour(
    hidden: int, front_end: str
) -> None:
    trained, width = {}, {}
    for arm in spoken_digits.ARMS:
        settings = spoken_digits.Settings(
            arm=arm, equal="parameters", hidden=hidden, front_end=front_end
        )
        trained[arm] = count_trained(spoken_digits.build(settings))
        width[arm] = settings.width
    assert trained["fixed"] == trained["none"] >= trained["learned"]
    narrower = spoken_digits.Settings(
        arm="none", hidden=width["none"] - 1 or 1, front_end=front_end
    )
    assert count_trained(spoken_digits.build(narrower)) < trained["learned"] or hidden == 1


def test_arms_of_equal_width_have_the_same_weights() -> None:
    nets = [spoken_digits.build(spoken_digits.Settings(arm=arm)) for arm in spoken_digits.ARMS]
    shapes = [
        {name: p.shape for name, p in net.named_parameters() if "weight" in name} for net in nets
    ]
    assert shapes[0] == shapes[1] == shapes[2]
    assert count_trained(nets[0]) == 13440
    assert count_trained(nets[1]) == count_trained(nets[2]) == 6816


def test_the_arm_without_delays_sees_one_step_only() -> None:
    net = spoken_digits.build(spoken_digits.Settings(arm="none", hidden=6)).eval()
    x = (torch.rand(20, 2, 80) < 0.3).float()
    other = x.clone()
    other[:10] = (torch.rand(10, 2, 80) < 0.3).float()
    # a membrane of 1.005 steps keeps half a percent of a potential
    torch.testing.assert_close(net(x)[0][14:], net(other)[0][14:], atol=1e-4, rtol=0)


def test_the_silence_lets_most_delayed_spikes_arrive() -> None:
    settings = spoken_digits.Settings()
    assert settings.silence == 3 * settings.max_delay // 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("arm", "some"), ("equal", "size"), ("split", "test"), ("front_end", "ear"), ("tau", 0.5),
     ("kernel", "one-tap"), ("hidden", 0), ("dropout", 1.0), ("silence", -1)],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes"):
        tiny(**{name: value})


# --- runs ---


@pytest.mark.parametrize("arm", spoken_digits.ARMS)
def test_every_arm_trains_and_keeps_what_it_should(arm: str, data: Path, tmp_path: Path) -> None:
    settings = tiny(arm=arm, split="speaker")
    before = spoken_digits.build(settings)
    summary = recipes.train("spoken-digits", settings, tmp_path, device="cpu")
    assert summary["samples"] == {"train": 1806, "validation": 194, "test": 1000}
    after = recipes.load_run(tmp_path)[0]
    for path in ("delays1", "delays2", "delays3"):
        old, new = before.get_submodule(path), after.get_submodule(path)
        assert isinstance(old, neuro.DelayedLinear)
        assert isinstance(new, neuro.DelayedLinear)
        assert new.frozen
        assert torch.equal(new.delay, new.delay.round())
        assert torch.equal(old.delay, new.delay) == (arm != "learned")
    assert (tmp_path / "figures" / "raster.png").exists()


def test_a_trained_network_is_exported_with_its_spikes(data: Path, tmp_path: Path) -> None:
    recipes.train("spoken-digits", tiny(epochs=1), tmp_path, device="cpu")
    graph = recipes.export_run(tmp_path, samples=3)
    assert deploy.verify(graph).passed
    assert graph.dt == 0.01


def test_the_command_trains_an_arm(data: Path, tmp_path: Path) -> None:
    config = {**tiny(arm="none", epochs=1).to_json()}
    (tmp_path / "train.py").write_text(
        "import sys\n"
        "from axonal import cli\n"
        "from axonal.recipes import spoken_digits\n"
        f"small = {config!r}\n"
        "read = spoken_digits.Settings.from_json.__func__\n"
        "spoken_digits.Settings.from_json = classmethod(lambda c, v: read(c, {**small, **v}))\n"
        "cli.main()\n"
    )
    words = ("train", "spoken-digits", "--arm", "fixed", "--epochs", "1", "--json", "--out")
    done = subprocess.run(
        [sys.executable, tmp_path / "train.py", *words, tmp_path / "run"],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert 0 <= json.loads(done.stdout)["test_accuracy"] <= 1
    assert json.loads((tmp_path / "run" / "config.json").read_text())["settings"]["arm"] == "fixed"


def test_without_recordings_training_says_what_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AXONAL_DATA", raising=False)
    message = r"get it from github.com/Jakobovski.* set AXONAL_DATA"
    # the command prints errors of this kind as one line
    with pytest.raises(recipes.RecipeError, match=message) as caught:
        recipes.train("spoken-digits", tiny(), tmp_path / "run", device="cpu")
    assert "\n" not in str(caught.value)


# --- experiment ---


def test_the_plan_holds_every_arm_split_and_seed_once() -> None:
    plan = _spoken_digits.plan()
    assert len({run.key for run in plan}) == len(plan) == 2 * 7 * 5
    frozen = {name: arm.runs("official")[0].settings for name, arm in _spoken_digits.ARMS.items()}
    assert {name: s.freeze_epoch for name, s in frozen.items()}["learned"] is None
    assert frozen["frozen"].freeze_epoch == 10
    assert frozen["none, long"].tau == 5
    widths = {name: s.width for name, s in frozen.items()}
    assert {widths[name] for name in ("none", "fixed", "learned", "frozen")} == {48}
    assert {widths[name] for name in ("none, equal", "fixed, equal", "none, long")} == {79}


def test_the_experiment_runs_in_small(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {
        name: _spoken_digits.Arm(arm.words, {**arm.changes, **TINY, "epochs": 2})
        for name, arm in _spoken_digits.ARMS.items()
    }
    monkeypatch.setattr(_spoken_digits, "ARMS", small)
    monkeypatch.setattr(_spoken_digits, "SEEDS", (0, 1))
    few = {
        part: Padded(samples.events.select(range(0, len(samples), 20)).binned(0.01, 8), 4)
        for part, samples in datasets.fsdd().items()
    }
    monkeypatch.setattr(spoken_digits, "data", lambda settings: few)
    extent = _spoken_digits.Extent(splits=("official",))
    store = Store(tmp_path / "runs.jsonl")
    for run in _spoken_digits.plan(extent):
        store.add(perform(run, "abc"))
    files = _spoken_digits.write(store, tmp_path, extent)
    assert [file.suffix for file in files] == [".md", ".json", ".png"]
    text, numbers = (path.read_text() for path in files[:2])
    for arm in small.values():
        assert arm.words in text
    loss = json.loads(numbers)["official"]["differences"]["rounding, frozen"]
    # from the freeze on training runs what is tested
    assert loss == {"mean": 0.0, "half_width_95": 0.0}


def made(run: Run, test: float) -> dict[str, Any]:
    """A row as a training leaves it, without any."""
    return {
        "key": run.key,
        "changes": dict(run.changes),
        "test": test,
        "validation": test,
        "test_with_training_kernel": test + 0.04 * ("freeze_from" in run.changes),
        "trained_parameters": 100,
        "rates": {"hidden1": 0.1, "hidden2": 0.2},
        "seconds": 60.0,
        "date": "2026-01-02",
        "machine": "a processor, 2 cores",
        "torch": "2.13",
        "commit": "abc",
    }


def reported(tmp_path: Path, reached: dict[str, float]) -> str:
    store = Store(tmp_path / "runs.jsonl")
    for split in _spoken_digits.SPLITS:
        for name, arm in _spoken_digits.ARMS.items():
            for run in arm.runs(split):
                noise = 0.001 * ((run.changes["seed"] * 2 + len(name)) % 3)
                store.add(made(run, reached[name] + noise))
    return _spoken_digits.write(store, tmp_path)[0].read_text()


FACTS = {
    "none": 0.83,
    "fixed": 0.89,
    "learned": 0.94,
    "frozen": 0.95,
    "none, equal": 0.87,
    "fixed, equal": 0.964,
    "none, long": 0.968,
}


def test_the_report_claims_an_order_at_equal_width_only_where_it_holds(tmp_path: Path) -> None:
    text = reported(tmp_path, FACTS)
    assert "- at equal width: learned > fixed > none" in text
    assert "- at equal numbers of trained parameters: fixed > learned; fixed > none" in text
    assert "learned delays are below it" in text
    assert "| learned, rounded at the end | 0.981 ± 0.001 | 0.941 ± 0.001 | +0.040" in text


def test_the_report_claims_nothing_where_arms_do_not_separate(tmp_path: Path) -> None:
    text = reported(tmp_path, dict.fromkeys(FACTS, 0.9))
    assert "- at equal width: learned and fixed do not separate; fixed and none do not" in text
    assert "learned delays are not apart from it" in text


def attempted(tmp_path: Path, **reached: float) -> str:
    """The report of attempts of which all reach 0.9 but those that are named."""
    store = Store(tmp_path / "attempts.jsonl")
    arms = _spoken_digits_attempts.lines()
    for arm in _spoken_digits_attempts.CODE.values():
        for run in _spoken_digits_attempts.runs(arm):
            store.add(made(run, 0.8))
    for name, arm in arms.items():
        for run in _spoken_digits_attempts.runs(arm):
            store.add(made(run, reached.get(name, 0.9)))
    return _spoken_digits_attempts.write(store, tmp_path)[0].read_text()


def test_attempts_are_judged_on_validation_data_and_beside_controls(tmp_path: Path) -> None:
    text = attempted(tmp_path, through=0.95, narrow=0.85, **{"long, longer": 0.97})
    assert "straight-through until the freeze: helped on validation data, +0.050" in text
    assert "narrowed to 0.28 steps until the freeze: hurt on validation data, -0.050" in text
    assert "learned, rounded and frozen for the last third, 30 epochs: made no difference" in text
    assert "Best on validation data: **learned, straight-through until the freeze**" in text
    assert "- above fixed random delays of equal parameters" in text
    assert "- below a membrane of 5 steps without delays" in text
    assert "| learned, rounded at the end | 0.940" in text


def test_attempts_and_arms_share_the_runs_that_are_the_same(tmp_path: Path) -> None:
    arms, attempts = (
        {run.key for run in part.plan()} for part in (_spoken_digits, _spoken_digits_attempts)
    )
    seeds = len(_spoken_digits_attempts.SEEDS)
    assert len(arms & attempts) == 4 * seeds
    assert len(attempts) == 15 * seeds


# --- all arms in one command ---


@pytest.fixture
def trained(data: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """What was trained, by a pool that takes no time."""
    done: list[Run] = []

    def make(runs: list[Run], store: Store, **_: Any) -> None:
        for run in store.missing(runs):
            done.append(run)
            store.add(made(run, 0.9))

    monkeypatch.setattr(_comparison, "make", make)
    return done


def test_without_an_arm_the_command_prints_all_of_them(
    trained: list[Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "spoken-digits", "--out", str(tmp_path / "run")]
    cli.app(words, standalone_mode=False)
    shown = capsys.readouterr().out
    for part in (
        *(arm.words for arm in _spoken_digits.ARMS.values()),
        *(f"## {split.capitalize()}" for split in _spoken_digits.SPLITS.values()),
        "- at equal numbers of trained parameters: learned and fixed do not separate",
        "## What may be claimed",
        "cost of rounding",
    ):
        assert part in shown
    assert len(trained) == 70
    cli.app([*words, "--json"], standalone_mode=False)
    answer = json.loads(capsys.readouterr().out)
    assert (len(trained), answer["networks"]) == (70, 70)
    assert {Path(file).suffix for file in answer["files"]} == {".md", ".json", ".png"}
    cli.app([*words, "--force"], standalone_mode=False)
    assert len(trained) == 140


def test_a_split_alone_and_fewer_epochs_are_another_table(
    trained: list[Run], tmp_path: Path
) -> None:
    answer = recipes.compare("spoken-digits", tmp_path, split="speaker", epochs=2)
    assert {(run.changes["split"], run.settings.epochs) for run in trained} == {("speaker", 2)}
    assert len(trained) == answer["networks"] == 35
    assert "Epochs of training:\n2." in answer["table"]
    assert "Official split" not in answer["table"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seed", "3"], "--seed is for one network.* write --arm learned --seed"),
        (["--tau", "5"], "--tau is for one network"),
        (["--device", "cpu"], "--device is for one network"),
        (["--split", "test"], "the setting split takes one of official, speaker"),
        (["--epochs", "0"], "the setting epochs takes"),
        (["--arm", "all"], "the setting arm takes one of learned, fixed, none"),
        (["--arm", "none", "--reset", "zero"], "has no --reset; digits has"),
    ],
)
def test_words_that_no_table_can_have_are_refused(
    words: list[str], told: str, trained: list[Run], tmp_path: Path
) -> None:
    with pytest.raises(cli.UserError, match=told):
        cli.app(["train", "spoken-digits", "--out", str(tmp_path), *words], standalone_mode=False)
    assert trained == []


def test_without_recordings_no_process_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AXONAL_DATA", raising=False)
    monkeypatch.setattr(_comparison, "make", None)
    with pytest.raises(recipes.RecipeError, match="set AXONAL_DATA"):
        recipes.compare("spoken-digits", tmp_path)


def test_a_stopped_table_says_how_it_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_comparison, "make", stopped)
    with pytest.raises(cli.Stopped, match="same command goes on with the networks"):
        cli.app(["train", "spoken-digits", "--out", str(tmp_path)], standalone_mode=False)


# --- figures ---


def test_spikes_are_drawn_at_their_time_and_band() -> None:
    x = 0.3 * np.sin(2 * np.pi * 900 * np.arange(2000) / 8000) * np.hanning(2000)
    ear = datasets.MelDelta()
    ((times, units),) = ear.encode([x])
    ax = sound_figures.spectrogram(Figure().subplots(), x)
    sound_figures.events(ax, times, units, ear.channels, signed=True)
    drawn = {name: c.get_offsets() for name, c in zip(("on", "off"), ax.collections, strict=True)}
    for name, chosen, offset in (("on", units < 40, 0), ("off", units >= 40, 40)):
        expected = {
            (t / 1e3, u - offset) for t, u in zip(times[chosen], units[chosen], strict=True)
        }
        assert {tuple(point) for point in np.asarray(drawn[name])} == expected
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "mel band")
    assert ax.get_xlim() == (0, 250)


def test_a_waveform_has_units() -> None:
    ax = sound_figures.waveform(Figure().subplots(), np.zeros(800), 8000)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "sound (full scale = 1)")
    ax = sound_figures.events(ax, [], [], 4)
    assert ax.get_ylim() == (-0.5, 3.5)
