"""Machine code kept on disk, found by the sources of everything that a kernel can call.

numba looks at the file of a kernel alone, so that an edit of a function that it calls in another
file would go unseen.
"""

import ast
import functools
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_IMPORT = re.compile(r"^[ \t]*((?:from|import)[ \t][^(\n]*(?:\([^)]*\))?)", re.MULTILINE)
_FILLED = ("axonal.neuro.surrogates",)
"""Packages that fill a table of one of their modules: who imports that module uses them all."""


def _file_of(module: str) -> Path | None:
    """Return the source of a module of ours, or None where there is none of this name."""
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    files = path.with_name(f"{path.name}.py"), path / "__init__.py"
    return next((file.resolve() for file in files if file.is_file()), None)


def _ours(file: Path) -> bool:
    return any(file.is_relative_to(folder.resolve()) for folder in _PACKAGE.iterdir())


def _lines(file: Path) -> Iterator[ast.AST]:
    """Yield the imports of a file whose every import begins a line, as those of ours do.

    To parse nothing else takes a tenth of the time, and every command waits for it.
    """
    for found in _IMPORT.finditer(file.read_text("utf-8")):
        # a sentence that begins with such a word is no import
        with suppress(SyntaxError):
            yield from ast.parse(found[1]).body


def _tree(file: Path) -> Iterator[ast.AST]:
    """Yield all that is written in a file."""
    try:
        yield from ast.walk(ast.parse(file.read_bytes()))
    except SyntaxError as e:
        raise OSError(f"{file} cannot be read: {e}") from e


def _modules(file: Path) -> set[str]:
    """Return the names under which a file imports, in functions too, with what they are from."""
    names = set()
    for node in _lines(file) if _ours(file) else _tree(file):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise OSError(f"{file} has imports by a relative name")
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                ours = node.module.split(".")[0] == "axonal"
                names.add(inner if ours and _file_of(inner) else node.module)
    return names


@functools.cache
def imports(file: Path) -> frozenset[Path]:
    """Return the files of ours whose names a file imports.

    A package whose module is imported is not among them: what a kernel calls has a name, and
    that name comes from the module.

    Raises:
        OSError: if one cannot be found.
    """
    found = set()
    for name in _modules(file):
        if name.split(".")[0] != "axonal":
            continue
        filled = (package for package in _FILLED if name.startswith(f"{package}."))
        for module in (name, *filled):
            source = _file_of(module)
            if source is None:
                raise FileNotFoundError(f"{file} imports {module}, whose source is not there")
            found.add(source)
    return frozenset(found)


@functools.cache
def sources(file: Path) -> tuple[Path, ...]:
    """Return the files that kernels of ``file`` are made of.

    They are the file, what it imports of ours and what that imports, and what compiles. Of a file
    that is not ours, whose imports can lie anywhere, they are all in its folder.

    Raises:
        OSError: if they cannot be read, as in an archive.

    >>> Path(__file__).resolve() in sources(Path(__file__).with_name("jit.py"))
    True
    """
    file = file.resolve()
    todo = {file, *(() if _ours(file) else file.parent.glob("*.py"))}
    compiler = _file_of("axonal._base.jit")
    if compiler is not None:
        todo.add(compiler)
    found: set[Path] = set()
    while todo:
        one = todo.pop()
        found.add(one)
        todo |= imports(one) - found
    return tuple(sorted(found))


@functools.cache
def stamp(file: Path) -> str:
    """Return a name for the present text of `sources`.

    Raises:
        OSError: if they cannot be read.
    """
    digest = hashlib.sha256()
    for source in sources(file):
        digest.update(f"{source.name}\0".encode() + source.read_bytes() + b"\0")
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
