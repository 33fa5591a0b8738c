"""Checksums of files, each read once: what was found right is remembered."""

import contextlib
import hashlib
import json
from pathlib import Path

from axonal._base.files import write_text
from axonal._base.jsontext import parse_json
from axonal._base.progress import bar
from axonal.datasets._cache import cache_folder

BLOCK = 1 << 22
LONG = 1 << 28
"""Bytes from which on a bar is shown."""


def checksum_of(path: Path, kind: str, want: str, *, again: bool = False) -> str:
    """Checksum of a file, without reading it if it was right before and nothing has changed.

    The memory is a small file in the cache, with the size and the time of the last change; where
    none can be written, the file is read every time.

    Args:
        path: of the file.
        kind: name of the checksum, as hashlib has it.
        want: the right one, which alone is remembered.
        again: read the file in any case.
    """
    facts = path.stat()
    known = {"kind": kind, "want": want, "size": facts.st_size, "changed": facts.st_mtime_ns}
    name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()
    note = cache_folder() / "verified" / f"{name[:32]}.json"
    if not again:
        with contextlib.suppress(OSError, ValueError):
            if parse_json(note.read_bytes()) == known:
                return want
    found = _digest(path, kind, facts.st_size)
    if found == want:
        with contextlib.suppress(OSError):
            note.parent.mkdir(parents=True, exist_ok=True)
            write_text(note, json.dumps(known))
    return found


def _digest(path: Path, kind: str, size: int) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    shown = size >= LONG
    with path.open("rb") as stream, bar(f"checksum of {path.name}", size, shown=shown) as step:
        done = 0
        while block := stream.read(BLOCK):
            digest.update(block)
            done += len(block)
            step(done)
    return digest.hexdigest()
