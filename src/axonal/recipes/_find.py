"""Recipes by name, and those of users by the path of their file.

A file is code: it runs where it is named, or where a run or a graph recorded its absolute path and
its SHA-256 and both still agree. Copies inside a run folder never run.
"""

import ast
import hashlib
import importlib
import pkgutil
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeGuard, cast

from axonal.recipes._comparison import Comparison
from axonal.recipes._errors import RecipeError
from axonal.recipes._settings import BaseSettings, Settings, check_kinds

if TYPE_CHECKING:
    from axonal.neuro import Network
    from axonal.recipes._samples import Samples
    from axonal.recipes._study import Learned, Parts

ENDING = ".py"
LARGEST = 1 << 20
"""Bytes of a recipe."""


class Recipe(Protocol):
    """The module of a recipe."""

    Settings: type[Any]

    def data(self, settings: Any) -> "Mapping[str, Samples]":
        """Samples of the splits "train", "validation" and "test"."""

    def build(self, settings: Any) -> "Network":
        """The untrained network, a pure function of the settings."""


class Study(Protocol):
    """The module of a recipe that learns by itself."""

    Settings: type[Any]

    def learn(self, settings: Any, parts: "Parts") -> "Learned":
        """Learn, part by part."""


def is_study(recipe: object) -> TypeGuard[Study]:
    """Tell a recipe that learns by itself from one with a network for Lightning.

    >>> is_study(find("digits"))
    False
    """
    return callable(getattr(recipe, "learn", None))


class _Origin(NamedTuple):
    """_Origin of a recipe.

    Args:
        name: of one that ships, or of the file without its ending.
        path: absolute path of a user's file; None of one that ships.
        sha256: of its content.
        content: of the file.
    """

    name: str
    path: str | None = None
    sha256: str | None = None
    content: bytes = b""

    def to_json(self) -> dict[str, str]:
        """The columns by which a run or a graph records its recipe."""
        if self.path is None or self.sha256 is None:
            return {"recipe": self.name}
        return {"recipe": self.name, "recipe_file": self.path, "recipe_sha256": self.sha256}


def names() -> tuple[str, ...]:
    """Names of the recipes that come with axonal: the modules of its folder.

    >>> "digits" in names()
    True
    """
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    recipes = [m.name for m in modules if not m.ispkg and not m.name.startswith("_")]
    return tuple(name.replace("_", "-") for name in sorted(recipes))


def summary(name: str) -> str:
    """First sentence of a recipe that comes with axonal, read without importing it.

    >>> summary("digits").startswith("Handwritten digits")
    True
    """
    source = Path(__file__).with_name(f"{name.replace('-', '_')}.py").read_text()
    text = ast.get_docstring(ast.parse(source)) or name
    return " ".join(text.partition("\n\n")[0].split())


def is_file(name: str) -> bool:
    """Whether a recipe is named by its file."""
    return name.endswith(ENDING)


def find(name: str) -> Recipe:
    """The module of a recipe.

    Args:
        name: one of `names`, or the path of a Python file with ``Settings``, ``data`` and
            ``build``, which runs.

    Returns:
        the module, with ``Settings``, ``data`` and ``build``.

    Raises:
        ValueError: there is no such recipe, and the known ones are listed; or the file cannot be
            imported or lacks something.

    >>> find("digits").Settings(seed=3).seed
    3
    """
    if is_file(name):
        return _loaded(origin(name))
    if name not in names():
        raise RecipeError(
            f"there is no recipe {name!r}; the recipes are {', '.join(names())}, or the path of "
            "your own, which ends in .py."
        )
    return cast(Recipe, importlib.import_module(f"axonal.recipes.{name.replace('-', '_')}"))


def comparison(name: str) -> Comparison | None:
    """The comparison that a recipe declares, if it does.

    >>> comparison("digits") is None
    True
    """
    declared: Comparison | None = getattr(find(name), "COMPARISON", None)
    return declared


def origin(name: str) -> _Origin:
    """_Origin of a recipe, as its file is now.

    Raises:
        RecipeError: there is no such file, or it has the name of a recipe that ships.
    """
    if not is_file(name):
        return _Origin(name)
    path = Path(name)
    if not path.is_file():
        raise RecipeError(f"there is no recipe in {name}: no such file.")
    if path.stat().st_size > LARGEST:
        raise RecipeError(f"{name} has more than {LARGEST >> 20} MiB: is it a recipe?")
    taken = path.stem.replace("_", "-")
    if taken in names():
        raise RecipeError(
            f"{name} has the name of a recipe that comes with axonal, {taken}: rename the file."
        )
    content = path.read_bytes()
    return _Origin(path.stem, str(path.resolve()), hashlib.sha256(content).hexdigest(), content)


def recorded(
    record: Mapping[str, Any], where: str, *, named: str | None, within: Path | None = None
) -> str:
    """Name or path, for `find`, of the recipe that a run or a graph recorded.

    Args:
        record: as `_Origin.to_json` made it.
        where: what recorded it, for messages.
        named: path of the recipe's file where the caller names one.
        within: folder whose files never run.

    Raises:
        RecipeError: the file is gone or has changed, and no other was named; or the one that was
            named differs from what was recorded.
    """
    name, path = record.get("recipe"), record.get("recipe_file")
    if path is None:
        if named is not None:
            raise RecipeError(f"{where} comes from the recipe {name}, not from {named}.")
        if name not in names():
            raise RecipeError(f"there is no recipe {name!r}; the recipes are {', '.join(names())}.")
        return str(name)
    ask = "name its recipe with --recipe FILE.py (in Python recipe=...)"
    file = Path(str(path) if named is None else named)
    if named is None and not (file.is_absolute() and is_file(str(file)) and file.is_file()):
        raise RecipeError(f"{where} was made by a recipe that is not at {file} any more: {ask}.")
    if within is not None and file.resolve().is_relative_to(within.resolve()):
        raise RecipeError(f"{file} lies in {within}, whose files never run: {ask}.")
    if origin(str(file)).sha256 != record.get("recipe_sha256"):
        raise RecipeError(
            f"{file} is not what {where} was made by, or has changed since: put it back (a run "
            f"keeps a copy in recipe.txt), or {ask}."
        )
    return str(file)


def _loaded(source: _Origin) -> Recipe:
    """The module of a user's file, from the content that was hashed."""
    assert source.path is not None
    name = f"axonal_recipe_{source.sha256}_{hashlib.sha256(source.path.encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return cast(Recipe, sys.modules[name])
    module = types.ModuleType(name, None)
    module.__file__ = source.path
    # dataclasses look their module up
    sys.modules[name] = module
    try:
        exec(compile(source.content, source.path, "exec"), module.__dict__)
        _check(module, source.path)
    except RecipeError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        words = " ".join(str(error).split())[:200]
        raise RecipeError(
            f"{source.path} cannot be imported: {type(error).__name__}: {words}{_line(error)}."
        ) from error
    return cast(Recipe, module)


def _line(error: Exception) -> str:
    trace = error.__traceback__
    line = error.lineno if isinstance(error, SyntaxError) else None
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "<module>":
            line = trace.tb_lineno if line is None else line
        trace = trace.tb_next
    return "" if line is None else f" (line {line})"


def _check(module: types.ModuleType, path: str) -> None:
    """Refuse a module that is no recipe, with all that it lacks."""
    lacks = []
    studies = is_study(module)
    base, word = (BaseSettings, "BaseSettings") if studies else (Settings, "Settings")
    settings = getattr(module, "Settings", None)
    if not isinstance(settings, type) or not issubclass(settings, base):
        lacks.append(f"a dataclass Settings(recipes.{word})")
    lacks += [
        f"a function {name}(settings)"
        for name in (() if studies else ("data", "build"))
        if not callable(getattr(module, name, None))
    ]
    if lacks:
        raise RecipeError(f"{path} is no recipe: it lacks {', '.join(lacks)}.")
    declared = getattr(module, "COMPARISON", None)
    if declared is not None and not isinstance(declared, Comparison):
        raise RecipeError(f"COMPARISON in {path} must be a recipes.Comparison.")
    if declared is not None and studies:
        raise RecipeError(f"{path} has COMPARISON and learn: only networks are compared so.")
    check_kinds(cast(type[BaseSettings], settings), path)
