"""A reader that is tried: what every target has, and the digest of what a reader gave."""

import dataclasses
import hashlib
import os
import random
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from fuzz.mutations import mutate


def digest(found: Any) -> str:
    """Of everything that a reader gave, however deep it lies."""
    return hashlib.sha256(b"".join(_parts(found))).hexdigest()


def _parts(found: Any) -> Any:
    if isinstance(found, np.ndarray):
        yield f"{found.dtype}{found.shape}".encode() + np.ascontiguousarray(found).tobytes()
    elif dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            yield field.name.encode()
            yield from _parts(getattr(found, field.name))
    elif isinstance(found, dict):
        for name, value in found.items():
            yield repr(name).encode()
            yield from _parts(value)
    elif isinstance(found, tuple | list):
        for value in found:
            yield from _parts(value)
    else:
        yield repr(found).encode()


class Target:
    """One reader.

    Attributes:
        name: in tables.
        checked: whether all of the file is under a checksum, so that no other content may come.
        errors: classes that the docstring of the reader names.
        lines: whether a message is one line; a list of nodes is not.
    """

    name: ClassVar[str]
    checked: ClassVar[bool] = True
    errors: ClassVar[tuple[type[Exception], ...]] = (ValueError,)
    one_line: ClassVar[bool] = True

    def __init__(self, folder: Path) -> None:
        self.path = folder / self.name
        self.make()
        self.prepare()

    def make(self) -> None:
        """Write a whole file at `self.path`."""
        raise NotImplementedError

    def prepare(self) -> None:
        self.whole = self.path.read_bytes()

    def read(self) -> Any:
        raise NotImplementedError

    def size(self) -> int:
        return os.path.getsize(self.path)

    def damage(self, r: random.Random, sealed: bool) -> None:
        """Put a damaged file in its place, under checksums that are right again if sealed."""
        content = mutate(self.whole, r)
        self.path.write_bytes(self.seal(content) if sealed else content)

    def seal(self, content: bytes) -> bytes:
        return content
