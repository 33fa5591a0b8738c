"""Tokens of a text on disk, made once and read through mapped memory.

A file is the line ``AXTOKENS 1``, a line of JSON, and behind them, from a multiple of 64 bytes on,
the tokens as little-endian numbers of two or four bytes.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray
from axonal._base.files import check_source, whole_file
from axonal._base.progress import bar
from axonal.datasets._cache import cache_folder
from axonal.datasets.text.kinds import from_settings
from axonal.datasets.text.tokenizer import Tokenizer

_MAGIC = b"AXTOKENS 1\n"
_ALIGN = 64
_PIECE = 1 << 20
"""Characters that are turned into tokens at once."""
_LONGEST = 1 << 26
"""Bytes of a head that are looked at; a vocabulary is shorter."""


@dataclass(frozen=True)
class TokenFile:
    """Tokens in mapped memory, and what they were made of.

    Attributes:
        tokens: whole numbers [tokens], read from disk when they are looked at.
        tokenizer: what made them.
        characters: number of characters of the text.
        bytes: number of bytes of the text in UTF-8.
        source: SHA-256 of the text.

    >>> from axonal.datasets.text import Bytes
    >>> len(TokenFile(np.zeros(5, np.uint16), Bytes(), 5, 5, ""))
    5
    """

    tokens: AnyArray
    tokenizer: Tokenizer
    characters: int
    bytes: int
    source: str

    def __len__(self) -> int:
        return len(self.tokens)


def write_tokens(
    path: str | PathLike[str],
    text: str | PathLike[str],
    tokenizer: Tokenizer,
    *,
    progress: bool = False,
) -> TokenFile:
    """Write the tokens of a text file, piece by piece, and open them.

    Args:
        path: of the file to write, whole or not at all.
        text: path of a text in UTF-8.
        tokenizer: makes the tokens; pieces end at the end of a line where there is one.
        progress: show a bar on stderr.

    Returns:
        the tokens.

    Raises:
        ValueError: a text that is empty, is no UTF-8, or has something without a token.
        OSError: files that cannot be read or written.

    >>> import tempfile
    >>> from axonal.datasets.text import Bytes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.txt").write_text("To be, or not")
    ...     len(write_tokens(f"{folder}/a.tokens", f"{folder}/a.txt", Bytes()))
    13
    """
    check_source(text)
    size = os.stat(text).st_size
    dtype = np.dtype("<u2" if tokenizer.size <= 1 << 16 else "<u4")
    digest, counts = hashlib.sha256(), {"tokens": 0, "characters": 0, "bytes": 0}
    with whole_file(path) as part:
        body = part.with_name(f"{part.name}.body")
        with open(body, "wb") as out, bar("tokens", size, unit="bytes", shown=progress) as step:
            for piece in _pieces(text):
                try:
                    tokens = tokenizer.encode(piece)
                except ValueError as error:
                    raise ValueError(
                        f"{text}: {error} (in the piece from character {counts['characters']} on)"
                    ) from None
                raw = piece.encode()
                digest.update(raw)
                out.write(tokens.astype(dtype).tobytes())
                counts["tokens"] += len(tokens)
                counts["characters"] += len(piece)
                counts["bytes"] += len(raw)
                step(counts["bytes"])
        if not counts["tokens"]:
            raise ValueError(f"{text} is empty: a language model needs a text.")
        head = {"dtype": dtype.str, **counts, "source": digest.hexdigest()}
        _join(part, {**head, "tokenizer": tokenizer.settings()}, body)
    return open_tokens(path)


def _join(part: Path, head: dict[str, Any], body: Path) -> None:
    text = _MAGIC + json.dumps(head).encode() + b"\n"
    with open(part, "wb") as out, open(body, "rb") as tokens:
        out.write(text + bytes(-len(text) % _ALIGN))
        while block := tokens.read(_PIECE):
            out.write(block)
    body.unlink()


def _pieces(path: str | PathLike[str]) -> Iterator[str]:
    """Yield a text in pieces that end with a line, or are as long as may be."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            while piece := file.read(_PIECE):
                yield piece + file.readline(_PIECE)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is no text in UTF-8 ({error.reason} at byte {error.start} of a piece): "
            "convert it, with iconv for instance."
        ) from None


def open_tokens(path: str | PathLike[str]) -> TokenFile:
    """Open a file of `write_tokens`.

    Raises:
        ValueError: it is another file, or not whole.
        OSError: it cannot be read.

    >>> open_tokens(__file__)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: ... is no file of tokens: write_tokens makes one of a text.
    """
    check_source(path)
    with open(path, "rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError(f"{path} is no file of tokens: write_tokens makes one of a text.")
        line = file.readline(_LONGEST)
    try:
        head = json.loads(line)
        dtype, count = np.dtype(head["dtype"]), int(head["tokens"])
        tokenizer = from_settings(head["tokenizer"])
        told = int(head["characters"]), int(head["bytes"]), str(head["source"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}): make it again of its text.") from None
    start = -(-(len(_MAGIC) + len(line)) // _ALIGN) * _ALIGN
    found = os.stat(path).st_size - start
    if dtype.str not in ("<u2", "<u4") or found != count * dtype.itemsize or not count:
        raise ValueError(
            f"{path} holds {max(found, 0)} bytes of tokens, {count} tokens take "
            f"{count * dtype.itemsize}: it is not whole, make it again of its text."
        )
    tokens = np.memmap(path, dtype, "r", start, (count,))
    return TokenFile(tokens, tokenizer, *told)


def token_file(
    text: str | PathLike[str],
    tokenizer: Tokenizer,
    folder: str | PathLike[str] | None = None,
    *,
    progress: bool = False,
) -> TokenFile:
    """Open the tokens of a text that were made before, or make them.

    Args:
        text: path of a text in UTF-8.
        tokenizer: makes the tokens.
        folder: of the token files; that of the cache (``AXONAL_CACHE``) by default. The name of a
            file tells the content of the text and the tokenizer.
        progress: show a bar on stderr while tokens are made.

    Returns:
        the tokens.

    Raises:
        ValueError: see `write_tokens`.
        OSError: files that cannot be read or written.

    >>> import tempfile
    >>> from axonal.datasets.text import Bytes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.txt").write_text("To be, or not")
    ...     made, again = (token_file(f"{folder}/a.txt", Bytes(), folder) for _ in range(2))
    ...     len(again), len(list(Path(folder).glob("*.tokens")))
    (13, 1)
    """
    check_source(text)
    with open(text, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(tokenizer.settings(), sort_keys=True).encode())
    place = Path(folder) if folder is not None else cache_folder() / "tokens"
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{Path(text).stem[:60]}-{digest.hexdigest()[:20]}.tokens"
    try:
        return open_tokens(path)
    except (FileNotFoundError, ValueError):
        return write_tokens(path, text, tokenizer, progress=progress)
