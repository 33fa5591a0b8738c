"""The experiment of language models: equal sizes, training, a page that does not boast."""

from pathlib import Path
from typing import Any

import pytest
from helpers.rows import made

pytest.importorskip("lightning")

from axonal._base.sweeps import Store
from axonal.recipes._runs import Run
from experiments import language
from experiments._language_arms import ARMS
from experiments._language_run import Trained

TEXT = "the cat sat on the mat, and the dog sat on the log.\n" * 20
LAYERS = ("body.blocks.0.mix", "body.blocks.0.feed")


@pytest.mark.parametrize("arm", ARMS)
def test_every_model_trains_and_tells_its_spikes(
    arm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "text.txt").write_text(TEXT)
    changes = {"text": str(tmp_path / "text.txt"), "window": 16, "batch": 2, "warm_up": 1}
    row = Trained(arm, 3, 0, changes).make("abc")
    assert row["tokens_seen"] == 3 * 16 * 2 and len(row["curve"]) == 3
    assert 0 < row["test"] < 10 and 0 < row["validation"] < 10
    spiking = arm in ("spikegpt", "spikegpt-real", "ternary-spiking")
    assert bool(row["rates"]) == spiking
    assert row["rates"].keys() == row["rates_before"].keys() == row["silent_units"].keys()
    assert all(0 <= share <= 1 for share in row["silent_units"].values())
    if arm.startswith("spikegpt"):  # the published initial values
        assert set(row["rates_before"].values()) == {0.0}


def test_models_have_equal_sizes() -> None:
    sizes = {}
    for name, arm in ARMS.items():
        model = arm.build(Trained(name, 1, 0).settings, 65)
        sizes[name] = sum(p.numel() for p in model.parameters())
    assert max(sizes.values()) <= 1.02 * min(sizes.values()), sizes


def page(folder: Path, bits: dict[str, float], rate: float) -> str:
    store = Store(folder / "runs.jsonl")
    for run in language.plan():
        spiking = run.arm in ("spikegpt", "spikegpt-real", "ternary-spiking")
        rates = dict.fromkeys(LAYERS if spiking else (), rate)
        test = bits.get(run.arm, 2.5) + 0.01 * run.seed
        row: dict[str, Any] = {
            "test": test, "validation": test, "tokens_seen": 10**6, "train_seconds": 60.0,
            "curve": [3.0], "rates": rates, "rates_before": dict.fromkeys(rates, 0.0),
            "silent_units": dict.fromkeys(rates, 0.25),
        }  # fmt: skip
        told = {**made(Run("digits", {"seed": 0})), **row, "key": run.key}
        store.add({**told, "changes": dict(run.label[1])})
    written = language.write(store, folder)
    assert [path.name for path in written] == ["language.md", "language.json"]
    return " ".join(written[0].read_text().split())


def test_the_page_says_what_spikes_cost_and_which_layers_are_silent(tmp_path: Path) -> None:
    text = page(tmp_path, {"spikegpt": 2.7, "rwkv": 2.3}, 0.0)
    assert "| spikes, binary embedding | +0.200 [+0.200, +0.200] |" in text
    assert "without spikes needs fewer bits than the LSTM holds" in text
    assert "a spiking model does, **is not reached**" in text
    assert "SpikeGPT: `body.blocks.0.mix` is silent" in text
    assert "| SpikeGPT | `body.blocks.0.feed` | 0.000 | 0.000 ± 0.000 | 25 % |" in text


def test_the_page_says_when_the_goal_is_reached(tmp_path: Path) -> None:
    text = page(tmp_path, {"spikegpt": 2.4}, 0.2)
    assert "a spiking model does, is reached: SpikeGPT less LSTM -0.100" in text
    assert "All layers lie there" in text
    assert "**does not hold**" in text
