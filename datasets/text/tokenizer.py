"""Tokenizers: a text as whole numbers and back."""

import abc
from typing import Any

from axonal._base.array_types import AnyArray, Int64Array


class Tokenizer(abc.ABC):
    """Turns a text into whole numbers below `size`, and these into the text again.

    >>> from axonal.datasets.text import Bytes
    >>> isinstance(Bytes(), Tokenizer)
    True
    """

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Number of tokens that there are."""

    @abc.abstractmethod
    def encode(self, text: str) -> Int64Array:
        """Return the tokens of a text.

        Raises:
            ValueError: if something in the text has no token.
        """

    @abc.abstractmethod
    def decode_bytes(self, tokens: AnyArray) -> bytes:
        """Return the bytes of the text of tokens, in UTF-8; a token may be part of a character.

        Raises:
            ValueError: for a token that there is not.
        """

    @abc.abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return what `from_settings` makes an equal tokenizer of, as JSON can hold it."""

    def decode(self, tokens: AnyArray) -> str:
        """Return the text of tokens; bytes that are no character become U+FFFD."""
        return self.decode_bytes(tokens).decode("utf-8", errors="replace")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tokenizer) and self.settings() == other.settings()

    def __hash__(self) -> int:
        return hash((type(self), self.size))


def known(tokens: AnyArray, size: int, who: str) -> AnyArray:
    """Refuse tokens that there are not.

    Raises:
        ValueError: for one outside [0, size).
    """
    if tokens.size and not 0 <= int(tokens.min()) <= int(tokens.max()) < size:
        raise ValueError(
            f"{who} knows the tokens 0 to {size - 1}, got {int(tokens.min())} to "
            f"{int(tokens.max())}: do they come from another tokenizer?"
        )
    return tokens
