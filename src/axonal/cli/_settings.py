"""Options of the command line made from the settings of a recipe."""

import dataclasses
import inspect
import re
from typing import Annotated, Any

import typer

from axonal.recipes import BaseSettings, RecipeError, Settings
from axonal.recipes._settings import Kind, kinds

NONE = object()
"""The value of an option that says "none"."""
_ENTRY = re.compile(r"(\w+): (.*)")


def meanings(settings: type[BaseSettings]) -> dict[str, str]:
    """Meaning of each setting, from the ``Args:`` of the docstrings of a class and its bases.

    >>> meanings(Settings)["epochs"]
    'passes over the training samples, >= 1.'
    """
    words: dict[str, str] = {}
    for cls in reversed(settings.__mro__):
        _, _, args = inspect.cleandoc(vars(cls).get("__doc__") or "").partition("Args:\n")
        name = ""
        for line in args.splitlines():
            if not line.startswith("    "):
                break
            entry = None if line.startswith("     ") else _ENTRY.fullmatch(line.strip())
            if entry:
                name, words[entry[1]] = entry[1], entry[2]
            elif name:
                words[name] += f" {line.strip()}"
    return words


def check_names(settings: type[BaseSettings], recipe: str, taken: tuple[str, ...]) -> None:
    """Refuse a setting whose option would be another one of the command.

    Raises:
        RecipeError: naming the first.
    """
    for field in dataclasses.fields(settings):
        if field.name in taken:
            raise RecipeError(
                f"the setting {field.name} of {recipe} is called like the option "
                f"--{field.name} of `axonal train`: rename it."
            )


def options(settings: type[BaseSettings], recipe: str) -> list[inspect.Parameter]:
    """One parameter per setting, its own ones first, as typer makes options of them."""
    words = meanings(settings)
    fields = {field.name: field for field in dataclasses.fields(settings)}
    base = Settings if issubclass(settings, Settings) else BaseSettings
    shared = [field.name for field in dataclasses.fields(base)]
    ordered = [name for name in fields if name not in shared] + shared
    kind = kinds(settings)
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=fields[name].default,
            annotation=_annotation(
                kind[name],
                words.get(name, ""),
                fields[name].default,
                "Settings of all recipes" if name in shared else f"Settings of {recipe}",
            ),
        )
        for name in ordered
    ]


def _annotation(kind: Kind, words: str, default: Any, panel: str) -> Any:
    # brackets would be taken for styles
    text = (words[:1].upper() + words[1:]).replace("[", r"\[")
    shown: dict[str, Any] = {"help": text, "rich_help_panel": panel}
    if not kind.optional:
        return Annotated[kind.type, typer.Option(**shown)]

    def parse(text: str) -> Any:
        if text == "none":
            return NONE
        try:
            return kind.type(text)
        except ValueError:
            raise typer.BadParameter(
                f"{text!r} is neither a {kind.type.__name__} nor none"
            ) from None

    if default is None:
        shown["show_default"] = "none"
    metavar = f"<{kind.type.__name__}|none>"
    return Annotated[Any, typer.Option(parser=parse, metavar=metavar, **shown)]


def given(context: typer.Context, settings: type[BaseSettings]) -> dict[str, Any]:
    """Settings that the command line names; the others keep the recipe's value."""
    return {
        field.name: None if context.params[field.name] is NONE else context.params[field.name]
        for field in dataclasses.fields(settings)
        if (source := context.get_parameter_source(field.name)) and source.name != "DEFAULT"
    }
