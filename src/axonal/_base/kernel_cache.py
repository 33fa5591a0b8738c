"""Machine code kept on disk, found by the sources of everything that a kernel can call.

numba looks at the file of a kernel alone, so that an edit of a function that it calls in another
file would go unseen.
"""

import functools
import hashlib
import os
from pathlib import Path

_BASE = Path(__file__).resolve().parent
_OPS = (_BASE.parent / "neuro" / "ops").resolve()
_SURROGATES = _OPS.parent / "surrogates"


@functools.cache
def sources(folder: Path) -> tuple[Path, ...]:
    """Return the files that kernels of ``folder`` are made of.

    They are its own, those of all operators and surrogates, and what compiles and starts them.

    >>> _BASE / "jit.py" in sources(Path("elsewhere"))
    True
    """
    own = () if folder.resolve().is_relative_to(_OPS) else folder.glob("*.py")
    shared = (*_OPS.rglob("*.py"), *_SURROGATES.glob("*.py"))
    return tuple(sorted({_BASE / "jit.py", _BASE / "threads.py", *shared, *own}))


@functools.cache
def stamp(folder: Path) -> str:
    """Return a name for the present text of `sources`.

    Raises:
        OSError: if they cannot be read, as in an archive.
    """
    digest, files = hashlib.sha256(), sources(folder)
    if not files:
        raise FileNotFoundError(f"no sources in {folder}")
    for file in files:
        digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@functools.cache
def remove_others(folder: Path, start: str, present: str) -> None:
    """Remove machine code of other sources, whose name begins like this."""
    for file in (*folder.glob("*.nbi"), *folder.glob("*.nbc")):
        if file.name.startswith(start) and present not in file.name:
            try:
                os.remove(file)
            except OSError:
                # another process was faster, or still runs it
                continue
