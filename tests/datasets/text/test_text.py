"""Text: tokens and back, files made once, windows, and what a score is divided by."""

import math
import sys

import numpy as np
import pytest
from helpers import needs
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import text
from axonal.datasets.text import (
    BPE,
    Bytes,
    Characters,
    RandomWindows,
    Score,
    from_settings,
    open_tokens,
    strided,
    token_file,
    write_tokens,
)

SAMPLE = "First Citizen:\nBefore we proceed any further, hear me speak.\n" * 40


def bpe(size=300):
    pytest.importorskip("tokenizers")
    return BPE.train([SAMPLE], size)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_text_comes_back_from_its_tokens(told):
    for tokenizer in (Characters.of(told), Bytes()):
        tokens = tokenizer.encode(told)
        assert tokenizer.decode(tokens) == told
        assert tokens.max() < tokenizer.size
        assert from_settings(tokenizer.settings()) == tokenizer


def test_pairs_of_bytes_are_learned_and_every_text_has_tokens():
    tokenizer = bpe()
    for told in (SAMPLE, "naïve café, 東京 \t\x00"):
        assert tokenizer.decode(tokenizer.encode(told)) == told
    assert len(tokenizer.encode(SAMPLE)) < len(SAMPLE) / 2
    assert from_settings(tokenizer.settings()) == tokenizer
    # two tokens of one character each tell their bytes
    assert tokenizer.decode_bytes(tokenizer.encode("é")[:1]) == "é".encode()[:1]


def test_what_has_no_token_is_refused():
    with pytest.raises(ValueError, match=r"'!' \(character 2 of the text\) is not among the 3"):
        Characters("abc").encode("ab!")
    with pytest.raises(ValueError, match="knows the tokens 0 to 255, got 3 to 256"):
        Bytes().decode(np.array([3, 256]))
    with pytest.raises(ValueError, match="an alphabet of different characters"):
        Characters("aa")
    with pytest.raises(ValueError, match="kind characters, bytes, bpe, got 'words'"):
        from_settings({"kind": "words"})


@pytest.mark.parametrize("piece", [1 << 20, 37])
def test_a_file_of_tokens_holds_the_text(tmp_path, monkeypatch, piece):
    source = tmp_path / "a.txt"
    source.write_text(SAMPLE + "é", encoding="utf-8")
    monkeypatch.setattr(sys.modules["axonal.datasets.text.token_file"], "_PIECE", piece)
    for tokenizer in (Characters.of(SAMPLE + "é"), Bytes()):
        made = write_tokens(tmp_path / "a.tokens", source, tokenizer)
        again = open_tokens(tmp_path / "a.tokens")
        assert made.tokenizer == again.tokenizer == tokenizer
        assert isinstance(again.tokens, np.memmap)
        assert again.tokens.dtype == np.uint16
        assert tokenizer.decode(again.tokens) == SAMPLE + "é"
        assert (again.characters, again.bytes) == (len(SAMPLE) + 1, len(SAMPLE) + 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tokens", "a.txt"]


def test_tokens_are_made_once(tmp_path):
    source = tmp_path / "a.txt"
    source.write_text(SAMPLE)
    token_file(source, Bytes(), tmp_path / "kept")
    (file,) = (tmp_path / "kept").iterdir()
    made = file.stat().st_mtime_ns
    token_file(source, Bytes(), tmp_path / "kept")
    assert file.stat().st_mtime_ns == made
    # another text, another tokenizer: other files; a damaged one is made again
    token_file(source, Characters.of(SAMPLE), tmp_path / "kept")
    source.write_text(SAMPLE + "!")
    token_file(source, Bytes(), tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 3
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    source.write_text(SAMPLE)
    assert len(token_file(source, Bytes(), tmp_path / "kept")) == len(SAMPLE)
    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty: a language model needs a text"),
        (b"ab\xff\n", "is no text in UTF-8"),
        (b"abc!", r"'!' \(character 3 of the text\) is not among"),
    ],
)
def test_a_bad_text_leaves_nothing_behind(tmp_path, content, told):
    source = tmp_path / "a.txt"
    source.write_bytes(content)
    with pytest.raises(ValueError, match=told) as error:
        write_tokens(tmp_path / "a.tokens", source, Characters("abc\n"))
    assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    with pytest.raises(FileNotFoundError, match="there is no file"):
        write_tokens(tmp_path / "a.tokens", tmp_path / "none.txt", Bytes())
    with pytest.raises(ValueError, match="is no file of tokens"):
        open_tokens(source)


def test_a_batch_is_a_function_of_its_number():
    tokens = np.arange(50, dtype=np.uint16)
    windows = RandomWindows(tokens, length=7, batch=64, seed=3)
    x, y = windows[4]
    assert x.shape == y.shape == (7, 64)
    assert x.dtype == np.int64
    assert np.array_equal(y, x + 1)
    assert np.array_equal(RandomWindows(tokens, 7, 64, seed=3)[4][0], x)
    assert not np.array_equal(windows[5][0], x)
    # every place is drawn, the first and the last too
    starts = np.concatenate([windows[k][0][0] for k in range(20)])
    assert set(starts) == set(range(43))
    with pytest.raises(ValueError, match="a window of 50 tokens needs a text of 51"):
        RandomWindows(tokens, 50, 1)


@given(st.integers(2, 40), st.integers(1, 12), st.data())
def test_every_token_but_the_first_is_counted_once(count, length, data):
    stride = data.draw(st.integers(1, length))
    tokens = np.arange(count)
    counted = []
    for window in strided(tokens, length, stride):
        assert np.array_equal(window.targets, window.inputs + 1)
        assert len(window.inputs) <= length
        counted += window.targets[window.counted :].tolist()
    assert counted == list(range(1, count))


def test_a_score_is_divided_by_what_was_predicted():
    tokenizer = bpe()
    told = "café hear me speak"
    score = Score.of(10 * math.log(2), tokenizer.encode(told), tokenizer)
    assert (score.characters, score.bytes) == (len(told), len(told) + 1)
    assert score.bits_per_character == pytest.approx(10 / len(told))
    assert score.bits_per_byte < score.bits_per_character < score.bits_per_token


def test_published_texts_are_whole():
    folder = needs.data("tinyshakespeare").parent
    parts = [
        text.tiny_shakespeare(split, folder / "tinyshakespeare")
        for split in ("train", "validation", "test")
    ]
    assert len("".join(parts)) == 1115394
    assert Characters.of("".join(parts)).size == 65
    assert len(text.wikitext2("test", folder / "wikitext-2")) > 1_000_000
    sentences, labels = text.movie_reviews(folder / "mr-rt-polarity")
    assert len(sentences) == len(labels) == 2 * sum(labels) == 10662
    with pytest.raises(ValueError, match="expects one of 'train', 'validation', 'test', got 'dev'"):
        text.wikitext2("dev")
