"""Characters as tokens."""

from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray, Int64Array
from axonal.datasets.text.tokenizer import Tokenizer, known


class Characters(Tokenizer):
    """A token per character of an alphabet.

    Args:
        alphabet: the characters, each once, in the order of their tokens.

    Raises:
        ValueError: for an empty alphabet, or a character that is there twice.

    >>> tokenizer = Characters("abn")
    >>> tokenizer.decode(tokenizer.encode("banana"))
    'banana'
    >>> tokenizer.encode("bread")
    Traceback (most recent call last):
    ValueError: 'r' (character 1 of the text) is not among the 3 characters of this vocabulary:
    leave it out, or train with a text that has it, or with --tokens bytes.
    """

    def __init__(self, alphabet: str) -> None:
        if not alphabet or len(set(alphabet)) != len(alphabet):
            raise ValueError(
                f"Characters expects an alphabet of different characters, got {alphabet[:40]!r}: "
                "write Characters.of(text) for those of a text."
            )
        self.alphabet = alphabet
        codes = np.array([ord(character) for character in alphabet])
        self._order = np.argsort(codes, kind="stable")
        self._sorted = codes[self._order]

    @classmethod
    def of(cls, text: str) -> "Characters":
        """Return the alphabet of a text, in the order of Unicode.

        Raises:
            ValueError: for an empty text.

        >>> Characters.of("hello").alphabet
        'ehlo'
        """
        if not text:
            raise ValueError("Characters.of expects a text, got an empty one.")
        return cls("".join(sorted(set(text))))

    @property
    def size(self) -> int:
        """Number of characters."""
        return len(self.alphabet)

    def encode(self, text: str) -> Int64Array:
        """Return the tokens of a text; a character outside the alphabet is a ValueError."""
        # utf-32 has four bytes for every character
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
        places = np.searchsorted(self._sorted, codes).clip(max=self.size - 1)
        strange = np.flatnonzero(self._sorted[places] != codes)
        if strange.size:
            at = int(strange[0])
            raise ValueError(
                f"{text[at]!r} (character {at} of the text) is not among the {self.size} "
                "characters of this vocabulary: leave it out, or train with a text that has it, or "
                "with --tokens bytes."
            )
        tokens: Int64Array = self._order[places].astype(np.int64)
        return tokens

    def decode_bytes(self, tokens: AnyArray) -> bytes:
        """Return the characters of tokens in UTF-8."""
        places = known(np.asarray(tokens).ravel(), self.size, "Characters")
        text = "".join(self.alphabet[place] for place in places)
        return text.encode("utf-8", "surrogatepass")

    def settings(self) -> dict[str, Any]:
        """Return kind and alphabet."""
        return {"kind": "characters", "alphabet": self.alphabet}

    def __repr__(self) -> str:
        return f"Characters({self.size})"
