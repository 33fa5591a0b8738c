"""A text as tokens in mapped memory, for recipes of language models."""

from pathlib import Path
from typing import NamedTuple

from axonal._base.array_types import AnyArray
from axonal.datasets._data_dir import data_file
from axonal.datasets.text import BPE, Bytes, Characters, Tokenizer, token_file
from axonal.recipes._errors import RecipeError

KINDS = ("characters", "bytes", "bpe")
SHAKESPEARE = "tiny-shakespeare"
ENDS = (0.85, 0.9)
"""Shares of a text, in its order, at which training and validation end."""
_SOURCE = "github.com/karpathy/char-rnn, data/tinyshakespeare/input.txt"


class Corpus(NamedTuple):
    """Tokens of the three parts of a text, in its order.

    Attributes:
        train: those that train, 85 %.
        validation: those that choose, 5 %.
        test: those that report, 10 %.
        tokenizer: made them.
        source: SHA-256 of the text.
    """

    train: AnyArray
    validation: AnyArray
    test: AnyArray
    tokenizer: Tokenizer
    source: str


def corpus(text: str, kind: str, vocabulary: int, folder: Path | None = None) -> Corpus:
    """Read a text, and make its tokens if they were not made before.

    Args:
        text: ``"tiny-shakespeare"``, or the path of a text in UTF-8.
        kind: of the tokens, one of `KINDS`.
        vocabulary: number of tokens of "bpe"; they are learned on the training part.
        folder: of the token files; that of the cache by default.

    Raises:
        RecipeError: the text is not there, is empty or is no text.
    """
    try:
        path = Path(text)
        if text == SHAKESPEARE:
            path = data_file(None, "tinyshakespeare", "input.txt", _SOURCE)
        tokenizer = _tokenizer(path, kind, vocabulary)
        made = token_file(path, tokenizer, folder, progress=False)
    except (ValueError, OSError, ImportError) as error:
        raise RecipeError(" ".join(str(error).split())) from error
    first, last = (round(share * len(made)) for share in ENDS)
    parts = made.tokens[:first], made.tokens[first:last], made.tokens[last:]
    if min(map(len, parts)) < 2:
        raise RecipeError(
            f"{path} has {len(made)} tokens: parts for training, validation and test need 40 or "
            "more."
        )
    return Corpus(*parts, tokenizer, made.source)


def _tokenizer(path: Path, kind: str, vocabulary: int) -> Tokenizer:
    if kind == "bytes":
        return Bytes()
    text = path.read_text("utf-8")
    if not text:
        raise RecipeError(f"{path} is empty: a language model needs a text.")
    if kind == "bpe":
        return BPE.train([text[: round(ENDS[0] * len(text))]], vocabulary)
    # the characters of all parts, as is usual: one that training never shows can still be counted
    return Characters.of(text)
