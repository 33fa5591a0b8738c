"""The recipe of language models: numbers of parameters, streams, pruning, runs that go on."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import needs

from axonal import recipes
from axonal.recipes import _language_training, _pruning, _wikitext, egru_lm
from axonal.recipes._language_model import LanguageModel
from axonal.recipes._study import Parts


@pytest.mark.parametrize(("vocabulary", "millions"), [(10_000, 31.70), (33_278, 49.18)])
def test_the_published_models_have_their_numbers_of_parameters(
    vocabulary: int, millions: float
) -> None:
    with torch.device("meta"):
        model = _published(vocabulary)
    count = sum(p.numel() for p in model.parameters())
    assert round(count / 1e6, 2) == millions


def _published(vocabulary: int) -> LanguageModel:
    return LanguageModel(vocabulary, (750, 1350, 1350, 750), cell="egru", tied=True)


def tiny(**changes: Any) -> egru_lm.Settings:
    sizes = {"embedding": 6, "layers": "8,6", "epochs": 2, "streams": 3, "steps": 5}
    return egru_lm.Settings(**{**sizes, "kept_every": 4, **changes})


def _text(monkeypatch: pytest.MonkeyPatch, length: int = 150) -> None:
    drawn = list(np.random.default_rng(0).choice(list("abcdef"), length))
    text = _wikitext.split(drawn, drawn[:60], 1)
    monkeypatch.setattr(_wikitext, "wikitext", lambda level, least: text)


def _learned(folder: Path, settings: egru_lm.Settings, stop: int | None = None) -> Any:
    def report(_: str, share: float) -> None:
        if stop is not None and share >= stop / 18:
            raise KeyboardInterrupt

    folder.mkdir(exist_ok=True)
    return egru_lm.learn(settings, Parts(folder, report))


@pytest.mark.parametrize("arm", ["egru", "gru", "lstm"])
@pytest.mark.parametrize("stop", [6, 13])
def test_a_run_that_was_stopped_in_an_epoch_ends_where_the_other_ends(
    arm: str, stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _text(monkeypatch)
    settings = tiny(arm=arm, pruned=0.5, activity=0.01)
    whole = _learned(tmp_path / "whole", settings)
    with pytest.raises(KeyboardInterrupt):
        _learned(tmp_path / "stopped", settings, stop)
    assert list((tmp_path / "stopped").iterdir())
    again = _learned(tmp_path / "stopped", settings)
    assert whole.results == again.results
    for name, value in whole.arrays.items():
        assert np.array_equal(value, again.arrays[name]), name
    assert whole.results["pruned"] == pytest.approx(0.5, abs=0.01)


def test_a_damaged_part_costs_itself_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _text(monkeypatch)
    whole = _learned(tmp_path, tiny())
    last = max(tmp_path.iterdir())
    last.write_bytes(last.read_bytes()[:50])
    assert _learned(tmp_path, tiny()).results == whole.results


def test_states_are_carried_from_chunk_to_chunk() -> None:
    torch.manual_seed(0)
    model = LanguageModel(5, (4, 6), cell="egru", threshold_mean=0.01).eval()
    read = torch.randint(5, (40, 2))
    whole, _ = egru_lm.perplexity(model, read, steps=100)
    in_chunks, rate = egru_lm.perplexity(model, read, steps=7)
    assert in_chunks == pytest.approx(whole, rel=1e-5)
    assert rate is not None and 0 < rate < 1
    with torch.no_grad():
        scores, _ = model(read[:-1])
    loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), read[1:].flatten())
    assert whole == pytest.approx(math.exp(loss.item()), rel=1e-5)


def test_streams_are_the_text_in_order_and_every_chunk_tells_the_next_token() -> None:
    read = egru_lm.streams(np.arange(23), 2)
    assert read.T.tolist() == [list(range(11)), list(range(11, 22))]
    found = list(egru_lm.chunks(read, 4))
    assert [len(x) for x, _ in found] == [4, 4, 2]
    for x, target in found:
        assert torch.equal(x + 1, target)


def test_masks_keep_the_largest_and_zeros_stay() -> None:
    weight = torch.nn.Parameter(torch.tensor([[0.1, -3.0], [2.0, -0.2]]))
    _pruning.prune([weight], _pruning.masks([weight], 0.5))
    assert weight.tolist() == [[0.0, -3.0], [2.0, 0.0]]
    assert _pruning.zeros([weight]) == 0.5
    (more,) = _pruning.masks([weight], 0.75)
    assert more.sum() == 1 and more[0, 1] == 1


def test_words_that_training_lacks_are_unknown_and_counted() -> None:
    valid = _wikitext.tokens("a b b a a b a a\n<unk> b c\n", "word")
    text = _wikitext.split(valid, ["a", "<unk>", "z", "y"], least=2)
    assert text.vocabulary == ["<unk>", "a", "b"]  # c is in the part that chooses
    assert text.test.tolist() == [1, 0, 0, 0]
    assert text.unknown["test"] == 0.75


def test_the_test_file_reports_and_the_last_tenth_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(needs.data("wikitext-2").parent))
    text = _wikitext.wikitext("word")
    assert len(text.train) + len(text.validation) == 217_646
    assert len(text.test) == 245_569
    assert len(text.validation) == 21_764


@pytest.mark.parametrize(
    ("name", "value"),
    [("arm", "rnn"), ("level", "byte"), ("least", 0), ("layers", "8;6"), ("layers", "8,5"),
     ("epochs", 0), ("learning_rate", 0.0), ("dropout", 1.0), ("pruned", 1.0),
     ("prune_until", 0.2), ("threshold_mean", 0.0), ("activity", -1.0), ("activity_rate", 2.0)],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(recipes.RecipeError, match=f"the setting {name} takes"):
        tiny(**{name: value})


def test_without_the_text_training_says_what_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path))
    with pytest.raises(recipes.RecipeError, match=r"there is no valid\.txt") as caught:
        egru_lm.learn(tiny(), Parts(tmp_path, lambda *_: None))
    assert "\n" not in str(caught.value)


def test_a_text_that_is_too_short_is_refused() -> None:
    settings = tiny()
    with pytest.raises(recipes.RecipeError, match="write fewer --streams"):
        _language_training.Training(
            egru_lm.build(settings, 5), settings, torch.zeros(1, 3, dtype=torch.int64)
        )
