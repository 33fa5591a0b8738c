"""Published texts, read from their files."""

from os import PathLike
from pathlib import Path

from axonal.datasets._data_dir import data_file

_SHAKESPEARE = "github.com/karpathy/char-rnn, data/tinyshakespeare/input.txt"
_WIKITEXT = "github.com/pytorch/examples, word_language_model/data/wikitext-2"
_REVIEWS = "www.cs.cornell.edu/people/pabo/movie-review-data, rt-polaritydata"
_SHARES = {"train": (0.0, 0.85), "validation": (0.85, 0.9), "test": (0.9, 1.0)}


def tiny_shakespeare(split: str, folder: str | PathLike[str] | None = None) -> str:
    """Text of a split of tiny-shakespeare, 1 115 394 characters of 65 kinds in all.

    The text is split in its order, into 85, 5 and 10 % for training, validation and test.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        folder: that of the file; by default ``tinyshakespeare`` in the folder of AXONAL_DATA.

    Raises:
        ValueError: for another split, or a file of another length.
        FileNotFoundError: the file is not there; the message says where to get it.

    Source: Karpathy 2015, github.com/karpathy/char-rnn.

    >>> tiny_shakespeare("dev")
    Traceback (most recent call last):
    ValueError: tiny_shakespeare expects one of 'train', 'validation', 'test', got 'dev'.
    """
    first, last = _SHARES[_known("tiny_shakespeare", split, tuple(_SHARES))]
    path = data_file(folder, "tinyshakespeare", "input.txt", _SHAKESPEARE)
    text = _text(path, 1115394, _SHAKESPEARE)
    return text[round(first * len(text)) : round(last * len(text))]


def wikitext2(split: str, folder: str | PathLike[str] | None = None) -> str:
    """Text of WikiText-2, articles of Wikipedia in words with blanks between.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        folder: that of the files; by default ``wikitext-2`` in the folder of AXONAL_DATA.

    Raises:
        ValueError: for another split, or a file that is damaged.
        FileNotFoundError: the file is not there; the message says where to get it.

    Source: Merity et al., ICLR 2017 (arXiv 1609.07843).

    >>> wikitext2("dev")
    Traceback (most recent call last):
    ValueError: wikitext2 expects one of 'train', 'validation', 'test', got 'dev'.
    """
    files = {"train": "train.txt", "validation": "valid.txt", "test": "test.txt"}
    name = files[_known("wikitext2", split, tuple(files))]
    return _text(data_file(folder, "wikitext-2", name, _WIKITEXT), None, _WIKITEXT)


def movie_reviews(folder: str | PathLike[str] | None = None) -> tuple[list[str], list[int]]:
    """Sentences of movie reviews, 5331 that praise (1) and 5331 that do not (0).

    Args:
        folder: that of the files; by default ``mr-rt-polarity`` in the folder of AXONAL_DATA.

    Returns:
        sentences and their labels, first those that do not praise.

    Raises:
        ValueError: for files that are not whole.
        FileNotFoundError: a file is not there; the message says where to get it.

    Source: Pang and Lee, ACL 2005.

    >>> movie_reviews("no such folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FileNotFoundError: there is no rt-polarity.neg in ...
    """
    sentences: list[str] = []
    for name in ("rt-polarity.neg", "rt-polarity.pos"):
        path = data_file(folder, "mr-rt-polarity", name, _REVIEWS)
        # of Latin-1, whose 0x85 Python takes for the end of a line
        lines = path.read_text("latin-1").rstrip("\n").split("\n")
        if len(lines) != 5331:
            raise ValueError(f"{path} has {len(lines)} lines instead of 5331: get it again.")
        sentences += [line.strip() for line in lines]
    return sentences, [0] * 5331 + [1] * 5331


def _known(who: str, split: str, splits: tuple[str, ...]) -> str:
    if split not in splits:
        raise ValueError(f"{who} expects one of {', '.join(map(repr, splits))}, got {split!r}.")
    return split


def _text(path: Path, characters: int | None, source: str) -> str:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is damaged ({error.reason}): get it from {source}.") from None
    if characters is not None and len(text) != characters:
        raise ValueError(
            f"{path} has {len(text)} characters instead of {characters}: get it from {source}."
        )
    return text
