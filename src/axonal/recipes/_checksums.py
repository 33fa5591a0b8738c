"""Checksums of the files of a run, in a file that `sha256sum --check` reads as well."""

import hashlib
import re
from collections.abc import Mapping

_LINE = re.compile(r"([0-9a-f]{64})  ([a-z]+\.[a-z]+)\n")


def checksums(contents: Mapping[str, bytes]) -> str:
    """One line a file: the SHA-256 of its content and its name.

    >>> checksums({"config.json": b""})[:16]
    'e3b0c44298fc1c14'
    """
    return "".join(f"{digest(x)}  {name}\n" for name, x in contents.items())


def parse(text: str) -> dict[str, str]:
    """Checksums by name.

    Raises:
        ValueError: the text is something else.

    >>> list(parse(checksums({"config.json": b""})))
    ['config.json']
    """
    lines = [_LINE.fullmatch(line) for line in text.splitlines(keepends=True)]
    found = {line[2]: line[1] for line in lines if line}
    if not found or len(found) < len(lines):
        raise ValueError("expected lines of a SHA-256 and a name")
    return found


def digest(content: bytes) -> str:
    """SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()
