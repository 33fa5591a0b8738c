"""The recipe of spoken digits: fair arms, runs that end, figures that show what is there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.shell import called
from helpers.sound import TINY
from matplotlib.figure import Figure

from axonal import datasets, deploy, neuro, recipes
from axonal.recipes import spoken_digits
from axonal.recipes._train import count_trained
from axonal.recipes.figures import sound as sound_figures


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
def test_every_arm_trains_and_keeps_what_it_should(
    arm: str, recordings: Path, tmp_path: Path
) -> None:
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


def test_a_trained_network_is_exported_with_its_spikes(recordings: Path, tmp_path: Path) -> None:
    recipes.train("spoken-digits", tiny(epochs=1), tmp_path, device="cpu")
    # bins hold counts of spikes, which most back ends refuse
    with pytest.warns(UserWarning, match="other values than 0 and 1"):
        graph = recipes.export_run(tmp_path, samples=3)
    assert deploy.verify(graph).passed
    assert graph.dt == 0.01


@pytest.mark.usefixtures("recordings")
def test_the_command_trains_an_arm(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = tiny(arm="none", epochs=1).to_json()
    read = spoken_digits.Settings.from_json.__func__
    made = classmethod(lambda kind, values: read(kind, {**small, **values}))
    monkeypatch.setattr(spoken_digits.Settings, "from_json", made)
    words = ("train", "spoken-digits", "--arm", "fixed", "--epochs", "1", "--json", "--out")
    done = called(capsys, monkeypatch, *words, tmp_path / "run")
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
