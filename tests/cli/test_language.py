"""Language models on the command line: train, write text, score a file, refuse in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import needs
from helpers.once import once
from helpers.shell import Axonal, Refused, process

pytest.importorskip("lightning")

from axonal import neuro, recipes
from axonal.recipes import spikegpt_char
from axonal.recipes._text_corpus import corpus
from axonal.recipes._text_scoring import score

TEXT = "the cat sat on the mat, and the dog sat on the log.\n" * 30
SMALL = {"window": 16, "batch": 4, "updates": 30, "warm_up": 2, "width": 8, "layers": 1}


@pytest.fixture(scope="session")
def written(request: pytest.FixtureRequest) -> Path:
    """Run folder of a small language model; not to be written into."""

    def make(folder: Path) -> None:
        (folder / "text.txt").write_text(TEXT)
        settings = spikegpt_char.Settings(text=str(folder / "text.txt"), **SMALL)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AXONAL_CACHE", str(folder / "cache"))
            recipes.train("spikegpt-char", settings, folder / "run")

    return once(request, "language_run", make) / "run"


def test_text_is_written_behind_a_prompt(axonal: Axonal, written: Path) -> None:
    words = ("generate", written, "--prompt", "the ", "--length", 20, "--seed", 3)
    plain = axonal(*words)
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.startswith("the ") and len(plain.stdout) == len("the ") + 20 + 1
    found = json.loads(axonal(*words, "--json").stdout)
    assert "the " + found["text"] + "\n" == plain.stdout


def test_a_file_is_scored_by_token_character_and_byte(
    axonal: Axonal, written: Path, tmp_path: Path
) -> None:
    (tmp_path / "new.txt").write_text("the dog sat on the mat.\n")
    plain = axonal("perplexity", written, tmp_path / "new.txt")
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.startswith("23 tokens predicted (23 characters, 23 bytes)\nbits per token")
    found = json.loads(axonal("perplexity", written, tmp_path / "new.txt", "--json").stdout)
    assert found["perplexity_per_token"] == pytest.approx(2 ** found["bits_per_token"])
    # the windows of a score are those of the definition, one after the other
    model, tokenizer, _ = recipes.load_language_model(written)
    tokens = torch.from_numpy(tokenizer.encode("the dog sat on the mat.\n"))
    with torch.no_grad():
        logits, _ = model(tokens[:-1, None])
    nats = torch.nn.functional.cross_entropy(logits[:, 0], tokens[1:])
    assert found["bits_per_token"] == pytest.approx(float(nats) / np.log(2), rel=1e-5)
    assert f"{found['bits_per_character']:.4f}" in plain.stdout


@pytest.mark.slow
def test_two_processes_learn_what_one_does_from_their_windows(
    written: Path, tmp_path: Path
) -> None:
    # two windows of two processes make one update, as two windows one after the other do
    own = {**SMALL, "updates": 3, "dropout": 0.0, "kept_every": 2}
    words = ("--text", written.parent / "text.txt", *own_words(own))
    made = process(
        "train", "spikegpt-char", *words, "--devices", "2", "--strategy", "ddp",
        "--out", tmp_path / "two",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("test bits per character") == 1
    settings = spikegpt_char.Settings(text=str(written.parent / "text.txt"), accumulate=2, **own)
    one = recipes.train("spikegpt-char", settings, tmp_path / "one")
    two = json.loads((tmp_path / "two" / "summary.json").read_text())
    assert two["tokens_seen"] == one["tokens_seen"]
    models = [recipes.load_language_model(tmp_path / name)[0] for name in ("one", "two")]
    for mine, other in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(mine, other)


def own_words(settings: dict[str, object]) -> list[str]:
    """Options of the command line."""
    return [
        word
        for name, value in settings.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]


def test_what_cannot_be_used_is_one_line(
    refused: Refused, run: Path, written: Path, tmp_path: Path
) -> None:
    for name, content in (
        ("empty.txt", b""),
        ("short.txt", b"t"),
        ("foreign.txt", "thé".encode()),
        ("latin.txt", "thé".encode("latin-1")),
    ):
        (tmp_path / name).write_bytes(content)
    for words, told in (
        (("perplexity", written, tmp_path / "none.txt"), "none.txt"),
        (("perplexity", written, tmp_path / "empty.txt"), "empty.txt has 0 tokens"),
        (("perplexity", written, tmp_path / "short.txt"), "short.txt has 1 tokens"),
        (("perplexity", written, tmp_path / "foreign.txt"), "foreign.txt: 'é'"),
        (("perplexity", written, tmp_path / "latin.txt"), "latin.txt is no text in UTF-8"),
        (("perplexity", run, tmp_path / "short.txt"), "which writes no text"),
        (("generate", written, "--prompt", "thé"), "'é'"),
        (("generate", written, "--prompt", ""), "a prompt of one character or more is needed"),
        (("generate", written, "--prompt", "t", "--top-p", "0"), "--top-p takes a share"),
        (("generate", tmp_path / "none", "--prompt", "t"), "holds no run"),
    ):
        assert told in refused(*words), words


def test_prompts_together_are_continued_as_one_by_one(written: Path) -> None:
    model, tokenizer, _ = recipes.load_language_model(written)
    prompts = [tokenizer.encode(text) for text in ("the cat", "a", "on the log")]

    def continued(few: list[np.ndarray]) -> np.ndarray:
        made = neuro.generate(model, [p.tolist() for p in few], seed=5)
        return np.stack([next(made).numpy() for _ in range(40)])

    together = continued(prompts)
    for place, prompt in enumerate(prompts):
        assert (continued([prompt])[:, 0] == together[:, place]).all()


def test_texts_have_the_same_vectors_together_as_one_by_one(written: Path) -> None:
    model, tokenizer, _ = recipes.load_language_model(written)
    texts = ["the cat", "a", "on the log"]
    together = recipes.embeddings(model, tokenizer, texts)
    assert together.shape == (3, SMALL["width"])
    for place, text in enumerate(texts):
        alone = recipes.embeddings(model, tokenizer, [text])
        torch.testing.assert_close(alone[0], together[place])
    with pytest.raises(ValueError, match="text number 1 is empty"):
        recipes.embeddings(model, tokenizer, ["a", ""])


def test_endings_take_the_bits_that_a_score_of_the_whole_gives_them(written: Path) -> None:
    model, tokenizer, _ = recipes.load_language_model(written)
    prompt, endings = "the cat sat on the ", ["mat", "log.", "gts"]
    bits = recipes.ending_bits(model, tokenizer, prompt, endings)
    for ending, told in zip(endings, bits, strict=True):
        tokens = torch.from_numpy(tokenizer.encode(prompt + ending))
        with torch.no_grad():
            logits, _ = model(tokens[:-1, None])
        nats = torch.nn.functional.cross_entropy(logits[:, 0], tokens[1:], reduction="none")
        assert float(told) == pytest.approx(float(nats[-len(ending) :].sum()) / np.log(2), rel=1e-4)
    for asked, few, problem in (
        ("", ["a"], "text number 0 is empty"),
        ("a", ["a", ""], "text number 1 is empty"),
        ("a", [], "expects endings to choose from"),
    ):
        with pytest.raises(ValueError, match=problem):
            recipes.ending_bits(model, tokenizer, asked, few)


def test_the_language_model_that_ships_writes_and_scores_what_its_training_reported(
    axonal: Axonal, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = axonal("generate", "spikegpt-char", "--prompt", "ROMEO:\n", "--length", 40)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("ROMEO:\n") and len(made.stdout) == 48
    assert "spikegpt-char" in axonal("models").stdout
    monkeypatch.setenv("AXONAL_DATA", str(needs.data("tinyshakespeare").parent))
    reported = json.loads((recipes.trained("spikegpt-char") / "summary.json").read_text())
    model, tokenizer, settings = recipes.load_language_model(recipes.trained("spikegpt-char"))
    test = corpus(settings.text, settings.tokens, settings.vocabulary).test
    found = score(model, test[:20_000], tokenizer, 2 * settings.window)
    # of a fifth of the test part
    assert found.bits_per_character == pytest.approx(reported["test_bits_per_character"], abs=0.05)
