"""Scores of the predictions of a text."""

import math
from dataclasses import dataclass

from axonal._base.array_types import AnyArray
from axonal.datasets.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Score:
    """Sum of the surprise of a text, and what it can be divided by.

    Models with other tokens can be compared by bits per byte or character, not by those per token
    or by perplexity.

    Args:
        nats: sum of -ln p over the predicted tokens.
        tokens: number of predicted tokens.
        characters: of their text.
        bytes: of their text in UTF-8.

    >>> score = Score(math.log(2) * 8, tokens=2, characters=4, bytes=8)
    >>> score.bits_per_token, score.bits_per_character, score.bits_per_byte
    (4.0, 2.0, 1.0)
    >>> round(score.perplexity)
    16
    """

    nats: float
    tokens: int
    characters: int
    bytes: int

    @classmethod
    def of(cls, nats: float, targets: AnyArray, tokenizer: Tokenizer) -> "Score":
        """Return the score of the tokens ``targets``, which were predicted with ``nats``.

        >>> from axonal.datasets.text import Bytes
        >>> Score.of(1.0, Bytes().encode("é"), Bytes())
        Score(nats=1.0, tokens=2, characters=1, bytes=2)
        """
        raw = tokenizer.decode_bytes(targets)
        # bytes that continue a character begin with the bits 10
        characters = sum(byte & 0xC0 != 0x80 for byte in raw)
        return cls(float(nats), len(targets), characters, len(raw))

    @property
    def bits_per_token(self) -> float:
        """Mean of -log2 p."""
        return self._bits / self.tokens

    @property
    def bits_per_character(self) -> float:
        """Bits over characters."""
        return self._bits / self.characters

    @property
    def bits_per_byte(self) -> float:
        """Bits over bytes in UTF-8."""
        return self._bits / self.bytes

    @property
    def perplexity(self) -> float:
        """Exponential of the mean of -ln p, per token."""
        return math.exp(self.nats / self.tokens)

    @property
    def _bits(self) -> float:
        return self.nats / math.log(2)
