"""Language recipes: a stopped run ends where one that was never stopped does, and writes text."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("lightning")

from axonal import recipes
from axonal.datasets.text import Bytes, Characters
from axonal.recipes import _text_training, _writing, spikegpt_char, ternary_char
from axonal.recipes._text_settings import TextSettings

TEXT = "the cat sat on the mat, and the dog sat on the log.\n" * 30


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path / "text.txt"


def tiny(text: Path, **changes: Any) -> spikegpt_char.Settings:
    own = {"window": 16, "batch": 4, "updates": 8, "warm_up": 2, "width": 8, "layers": 1}
    return spikegpt_char.Settings(text=str(text), kept_every=3, **{**own, **changes})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(folder / "model.pt", weights_only=True)
    return found


def test_a_run_that_was_stopped_ends_where_one_that_was_not_does(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tiny(text, accumulate=2, dropout=0.2)
    whole = recipes.train("spikegpt-char", settings, tmp_path / "whole")
    step = _text_training.TextTraining.training_step

    def stopping(self: Any, batch: Any, number: int) -> torch.Tensor:
        if self.seen == 11:  # in the sixth update, half of its gradient there
            raise KeyboardInterrupt
        return step(self, batch, number)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(_text_training.TextTraining, "training_step", stopping)
        recipes.train("spikegpt-char", settings, tmp_path / "stopped")
    again = recipes.train("spikegpt-char", settings, tmp_path / "stopped", resume=True)
    assert again["test_bits_per_character"] == whole["test_bits_per_character"]
    assert again["sample"] == whole["sample"]
    for name, value in weights(tmp_path / "whole").items():
        assert torch.equal(weights(tmp_path / "stopped")[name], value), name
    rows = (tmp_path / "stopped" / "metrics.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["update", "3", "6", "8"]
    assert whole["tokens_seen"] == 16 * 16 * 4
    assert set(whole["firing_rates"]) == {"body.blocks.0.mix", "body.blocks.0.feed"}
    assert whole["test_bits_per_byte"] == pytest.approx(whole["test_bits_per_character"])
    # the same text is written by the run as it lies on disk
    model, tokenizer, _ = _writing.load_language_model(tmp_path / "stopped")
    assert isinstance(tokenizer, Characters)
    for prompt, told in (("the é", "'é' .character 4 of the text. is not among"), ("", "a prompt")):
        with pytest.raises(ValueError, match=told):
            next(_writing.write(model, tokenizer, prompt, length=1))
    first = tokenizer.alphabet[0]
    assert "".join(_writing.write(model, tokenizer, first, length=120)) == whole["sample"]


def test_bad_texts_and_runs_are_one_line(text: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    cases = [
        (tiny(empty), "is empty: a language model needs a text"),
        (tiny(tmp_path / "none.txt"), "none.txt"),
        (tiny(text, window=5000), "a window of 5000 tokens needs a text of 5001"),
    ]
    for place, (settings, told) in enumerate(cases):
        with pytest.raises(ValueError, match=told) as error:
            recipes.train("spikegpt-char", settings, tmp_path / str(place))
        assert "\n" not in str(error.value)
    settings = tiny(text, learning_rate=1e15, updates=9, warm_up=0, largest_gradient=1e15)
    with pytest.raises(ValueError, match="the loss is no number any more") as error:
        recipes.train("spikegpt-char", settings, tmp_path / "nan")
    assert "\n" not in str(error.value)


def test_a_run_of_another_tokenizer_or_text_is_refused(text: Path, tmp_path: Path) -> None:
    settings = tiny(text, updates=3)
    recipes.train("spikegpt-char", settings, tmp_path / "run")
    run = tmp_path / "run"
    kept = (run / "summary.json").read_text()
    (run / "checksums.sha256").unlink()
    summary = json.loads(kept)
    summary["tokenizer"] = Bytes().settings()
    (run / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(ValueError, match="its tokenizer 256"):
        _writing.load_language_model(run)
    (run / "summary.json").unlink()
    text.write_text(TEXT.replace("cat", "act"))
    with pytest.raises(ValueError, match="was trained on another text"):
        recipes.train("spikegpt-char", settings, run, resume=True)
    with pytest.raises(ValueError, match="which writes no text"):
        _writing.load_language_model(recipes.trained("digits"))


@pytest.mark.parametrize("spiking", [False, True])
def test_ternary_models_train_and_write(text: Path, tmp_path: Path, spiking: bool) -> None:
    own = {"window": 16, "batch": 4, "updates": 2, "width": 8, "layers": 1, "hidden_units": 8}
    settings = ternary_char.Settings(text=str(text), tokens="bytes", spiking=spiking, **own)
    summary = recipes.train("ternary-char", settings, tmp_path / "run")
    model, tokenizer, _ = _writing.load_language_model(tmp_path / "run")
    assert "".join(_writing.write(model, tokenizer, "\n", length=120)) == summary["sample"]
    rates = {"body.blocks.0.mix.lif", "body.blocks.0.mix.lif_out"}
    rates |= {"body.blocks.0.feed.lif", "body.blocks.0.feed.lif_out"}
    assert set(summary["firing_rates"]) == (rates if spiking else set())


def test_a_stop_ends_the_text_before_it() -> None:
    pieces = ["ab", "c", "a", "bd", "x"]
    assert "".join(_writing._until(iter(pieces), "abd")) == "abc"
    assert "".join(_writing._until(iter(pieces), "zz")) == "abcabdx"
    assert "".join(_writing._until(iter(pieces), None)) == "abcabdx"
    # nothing that could be the beginning of the stop leaves too early
    assert list(_writing._until(iter(["a", "b", "x"]), "bx")) == ["a"]


def test_rates_rise_and_fall() -> None:
    settings = TextSettings(updates=50, warm_up=10)
    rates = [settings.rate_at(update) for update in range(50)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert max(rates) == settings.learning_rate
    with pytest.raises(ValueError, match="tokens takes one of characters, bytes, bpe"):
        TextSettings(tokens="words")
