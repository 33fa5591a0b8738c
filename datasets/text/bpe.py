"""Pairs of bytes that are frequent as tokens, by the library ``tokenizers``."""

import functools
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray, Int64Array
from axonal._base.extras import extra
from axonal.datasets.text.tokenizer import Tokenizer, known


class BPE(Tokenizer):
    """Byte-pair encoding of bytes: frequent sequences of bytes have tokens, and so has every byte.

    Args:
        model: JSON of the library ``tokenizers`` (extra ``text``), of a byte-level model.

    Raises:
        ValueError: for what is no such JSON.
        ImportError: without the library.

    Source: Sennrich et al., ACL 2016; on bytes, Radford et al. 2019.

    >>> BPE.train(["to be, or not to be"], 100)
    Traceback (most recent call last):
    ValueError: BPE.train expects size from 256, the number of bytes, on, got 100.
    """

    def __init__(self, model: str) -> None:
        library = _library()
        try:
            self._model = library.Tokenizer.from_str(model)
        except Exception as error:  # the library raises Exception itself
            why = str(error).splitlines()[0]
            raise ValueError(
                f"BPE expects the JSON of a model of the library tokenizers, got other text: {why}"
            ) from None
        if self._model.get_vocab_size() and '"ByteLevel"' not in model:
            raise ValueError(
                "BPE expects a byte-level model, whose tokens are bytes: BPE.train makes one."
            )
        self.model = model

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> "BPE":
        """Learn the tokens of texts.

        Args:
            texts: pieces of text.
            size: number of tokens, at least the 256 bytes; fewer if the texts have no more pairs.

        Raises:
            ValueError: for a size below 256.
            ImportError: without the library ``tokenizers``.
        """
        if size < 256:
            raise ValueError(
                f"BPE.train expects size from 256, the number of bytes, on, got {size}."
            )
        library = _library()
        model = library.Tokenizer(library.models.BPE())
        level = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        model.pre_tokenizer, model.decoder = level, library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=size, show_progress=False, initial_alphabet=level.alphabet()
        )
        model.train_from_iterator(iter(texts), trainer)
        return cls(model.to_str())

    @property
    def size(self) -> int:
        """Number of tokens."""
        return int(self._model.get_vocab_size())

    def encode(self, text: str) -> Int64Array:
        """Return the tokens of a text."""
        return np.array(self._model.encode(text, add_special_tokens=False).ids, np.int64)

    def decode_bytes(self, tokens: AnyArray) -> bytes:
        """Return the bytes of tokens."""
        places = known(np.asarray(tokens).ravel(), self.size, "BPE")
        return b"".join(self._pieces[place] for place in places)

    @functools.cached_property
    def _pieces(self) -> list[bytes]:
        """Bytes of every token; the library writes a byte as a character that can be printed."""
        byte = _byte_of_character()
        words = (self._model.id_to_token(place) for place in range(self.size))
        return [
            bytes(byte[c] for c in word) if all(c in byte for c in word) else word.encode()
            for word in words
        ]

    def settings(self) -> dict[str, Any]:
        """Return kind and model."""
        return {"kind": "bpe", "model": self.model}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BPE) and json.loads(self.model) == json.loads(other.model)

    __hash__ = Tokenizer.__hash__

    def __repr__(self) -> str:
        return f"BPE({self.size})"


def _library() -> Any:
    library = extra("tokenizers", "text", "tokens of pairs of bytes")
    for part in ("models", "trainers", "pre_tokenizers", "decoders"):
        extra(f"tokenizers.{part}", "text", "tokens of pairs of bytes")
    return library


@functools.cache
def _byte_of_character() -> dict[str, int]:
    """Bytes by the characters of byte-level models.

    Bytes that Latin-1 can print stand for themselves, the others follow from U+0100 on.
    """
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printed)]
    table = {chr(byte): byte for byte in printed}
    return table | {chr(0x100 + place): byte for place, byte in enumerate(others)}
