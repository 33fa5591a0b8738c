"""The sources of the package as a tree of imports."""

import ast
import functools
import os
from collections.abc import Iterator
from pathlib import Path

from helpers import ROOT

FOLDERS = ("datasets", "deploy", "hebbian", "neuro", "reservoirs")


def files(*folders: str, suffix: str = ".py") -> Iterator[Path]:
    for folder in folders:
        for directory, below, names in os.walk(ROOT / folder):
            below[:] = [name for name in below if name != "__pycache__"]
            yield from (Path(directory, name) for name in names if name.endswith(suffix))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else ("axonal", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in files(*FOLDERS, "src")}


def imports(path: Path, nodes: Iterator[ast.AST] | None = None) -> frozenset[str]:
    """Modules that a file imports anywhere, or in the given nodes only."""
    return _anywhere(path) if nodes is None else _named(nodes)


@functools.cache
def _anywhere(path: Path) -> frozenset[str]:
    return _named(ast.walk(ast.parse(path.read_text())))


def _named(nodes: Iterator[ast.AST]) -> frozenset[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            for alias in node.names:
                name = f"{base}.{alias.name}"
                found.add(name if name in MODULES else base)
    return frozenset(found)


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is imported: all but the bodies of functions."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from at_import(node)


def top(name: str) -> str:
    return name.partition(".")[0]


def in_use(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run at some time: all but the blocks for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from in_use(node)


def at_import_in_use(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is imported, without the blocks for type checkers."""
    checked = {id(node) for node in in_use(tree)}
    return (node for node in at_import(tree) if id(node) in checked)


@functools.cache
def runtime_imports(path: Path) -> frozenset[str]:
    """Modules of ours that a file imports anywhere, in its functions too, types aside."""
    return imports(path, in_use(ast.parse(path.read_text()))) & set(MODULES)
