"""Bytes as tokens."""

from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray, Int64Array
from axonal.datasets.text.tokenizer import Tokenizer, known


class Bytes(Tokenizer):
    """A token per byte of the text in UTF-8: every text has tokens, and there are 256.

    >>> Bytes().encode("é").tolist()
    [195, 169]
    """

    @property
    def size(self) -> int:
        """256."""
        return 256

    def encode(self, text: str) -> Int64Array:
        """Return the bytes of a text."""
        return np.frombuffer(text.encode(), np.uint8).astype(np.int64)

    def decode_bytes(self, tokens: AnyArray) -> bytes:
        """Return tokens as bytes."""
        return known(np.asarray(tokens).ravel(), 256, "Bytes").astype(np.uint8).tobytes()

    def settings(self) -> dict[str, Any]:
        """Return the kind."""
        return {"kind": "bytes"}

    def __repr__(self) -> str:
        return "Bytes()"
