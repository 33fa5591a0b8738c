"""WikiText-2 as numbers of words or characters, from its validation and test files alone."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from axonal.datasets.text import wikitext2
from axonal.recipes._errors import RecipeError

LEVELS = ("word", "character")
HELD_OUT = 10
"""The last of so many parts of the validation file chooses, the others train."""
UNKNOWN, END = "<unk>", "<eos>"


class Text(NamedTuple):
    """Numbers of tokens of three parts of a text.

    Attributes:
        train: of training `[n]`.
        validation: that which chooses.
        test: that which reports.
        vocabulary: token of every number.
        unknown: share of the tokens of every part that are unknown, those among them that the
            text itself calls so.
    """

    train: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    vocabulary: list[str]
    unknown: dict[str, float]


def wikitext(level: str, least: int = 1) -> Text:
    """Read WikiText-2; the vocabulary is that of the training part.

    Args:
        level: "word" (words and an end of every line) or "character".
        least: times that a token is in the training part to be in the vocabulary; others are
            unknown, beside those that the text itself calls so.

    Raises:
        RecipeError: the files are not there, or are no text.
    """
    try:
        valid, test = wikitext2("validation"), wikitext2("test")
    except (FileNotFoundError, ValueError, OSError) as error:
        raise RecipeError(" ".join(str(error).split())) from error
    return split(tokens(valid, level), tokens(test, level), least)


def tokens(text: str, level: str) -> list[str]:
    r"""Tokens of a text.

    >>> tokens("one two\n", "word"), tokens("ab\n", "character")
    (['one', 'two', '<eos>'], ['a', 'b', '\n'])
    """
    if level == "character":
        return list(text)
    return [token for line in text.splitlines() for token in (*line.split(), END)]


def split(valid: list[str], test: list[str], least: int) -> Text:
    """Parts of a text by its tokens, as numbers of a vocabulary of the training part.

    >>> text = split(list("aababbaaba"), list("abc"), least=1)
    >>> text.test.tolist(), text.vocabulary, text.unknown["test"]
    ([1, 2, 0], ['<unk>', 'a', 'b'], 0.3333333333333333)
    """
    held = len(valid) // HELD_OUT
    parts = {"train": valid[: len(valid) - held], "validation": valid[len(valid) - held :]}
    parts["test"] = test
    counts: dict[str, int] = {}
    for token in parts["train"]:
        counts[token] = counts.get(token, 0) + 1
    kept = [token for token, often in counts.items() if often >= least and token != UNKNOWN]
    vocabulary = [UNKNOWN, *sorted(kept)]
    number = {token: k for k, token in enumerate(vocabulary)}
    numbers = {
        name: np.array([number.get(token, 0) for token in own], np.int64)
        for name, own in parts.items()
    }
    unknown = {name: float((own == 0).mean()) for name, own in numbers.items() if len(own)}
    return Text(**numbers, vocabulary=vocabulary, unknown=unknown)
