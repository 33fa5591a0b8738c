"""The command that trains: one sub-command per recipe, with its settings as options."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from axonal import recipes
from axonal.cli import _settings
from axonal.cli._terminal import Json, Stopped, UserError, print_json, users_own
from axonal.recipes import _find

HELP = """Train a recipe: weights, metrics and figures go into a run folder.

RECIPE --help lists its settings. A file of your own that ends in .py, with Settings, data and
build (or Settings and learn), is trained in the same way; a run keeps its path, its hash and a
copy.
"""
TAKEN = ("out", "device", "resume", "force", "as_json", "json", "help", "context")
"""Names that no setting can have."""
NAMED = ("test_accuracy", "validation_accuracy", "seconds")
"""Results with a line of their own; those that a recipe adds follow."""


class Recipes(TyperGroup):
    """The recipes as commands, each made when it is asked for: their modules import torch."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the recipes that come with axonal."""
        return list(recipes.names())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a recipe, or of a file."""
        if cmd_name in recipes.names():
            return _Recipe(cmd_name, help=_find.summary(cmd_name), rich_help_panel="Recipes")
        if _find.is_file(cmd_name):
            return _Recipe(cmd_name)
        if ctx.resilient_parsing:
            return None
        with users_own(recipes.RecipeError):
            recipes.find(cmd_name)
        return None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Say what is missing where nothing is named."""
        if not args and not ctx.resilient_parsing:
            raise UserError(f"train takes a recipe: {', '.join(recipes.names())}, or a file.py.")
        return super().parse_args(ctx, args)


class _Recipe(TyperCommand):
    """The command of one recipe, whose options are made before anything is parsed."""

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        with users_own(recipes.RecipeError):
            made = _made(str(self.name))
        self.params, self.callback, self.help = made.params, made.callback, made.help
        return super().make_context(info_name, args, parent, **extra)


def _made(name: str) -> TyperCommand:
    """The command of a recipe as typer makes it of a function with an argument per setting."""
    recipe = recipes.find(name)
    settings, title = recipe.Settings, _find.origin(name).name
    _settings.check_names(settings, name, TAKEN)

    def train(context: typer.Context, **values: Any) -> None:
        chosen = {key: values[key] for key in ("out", "device", "resume", "force", "as_json")}
        _train(name, title, _settings.given(context, settings), **chosen)

    _describe(train, _settings.options(settings, title), title)
    train.__doc__ = " ".join((inspect.getdoc(recipe) or title).partition("\n\n")[0].split())
    comparison = recipes.comparison(name)
    if comparison is not None:
        option = comparison.chosen_by.replace("_", "-")
        train.__doc__ += (
            f"\n\nWithout --{option} all {len(comparison.arms)} arms are trained with "
            f"{comparison.repeated} each and compared, into runs/{title}-arms; if that is "
            "stopped, the same command goes on."
        )
    app = typer.Typer(add_completion=False)
    app.command(name)(train)
    made = typer.main.get_command(app)
    assert isinstance(made, TyperCommand)
    return made


def _describe(function: Callable[..., None], options: list[inspect.Parameter], title: str) -> None:
    """Give a function the signature of which typer makes options."""

    def run(
        *,
        context: typer.Context,
        out: Annotated[
            Path | None, typer.Option(help="Run folder.", show_default=f"runs/{title}")
        ] = None,
        device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
        resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
        force: Annotated[bool, typer.Option("--force", help="Replace a run.")] = False,
        as_json: Json = False,
    ) -> None: ...

    parameters = [*inspect.signature(run).parameters.values(), *options]
    parameters.sort(key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in parameters}


def _train(
    name: str,
    title: str,
    given: dict[str, Any],
    *,
    out: Path | None,
    device: str,
    resume: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Train one network, or all arms of a recipe that compares them and was asked for none."""
    with users_own(recipes.RecipeError):
        settings = recipes.find(name).Settings.from_json(given)
        comparison = recipes.comparison(name)
        if comparison is not None and comparison.chosen_by not in given:
            _check_common(name, comparison, settings, given, device)
            _compare(name, title, out, given, force, as_json)
            return
    folder = Path("runs") / title if out is None else out
    try:
        with users_own(recipes.RecipeError, ImportError, OSError, MemoryError):
            summary = recipes.train(
                name,
                settings,
                folder,
                device=device,
                resume=resume,
                force=force,
                progress=not as_json,
            )
    except KeyboardInterrupt as stop:
        raise Stopped("A training run goes on with --resume.") from stop
    if as_json:
        print_json({"run": str(folder), **summary})
        return
    lines = [
        f"{part + ' accuracy':21}{summary[f'{part}_accuracy']:.4f}"
        for part in ("test", "validation")
        if f"{part}_accuracy" in summary
    ]
    lines += [
        f"{name.replace('_', ' '):20} {value:.4f}"
        for name, value in summary.items()
        if isinstance(value, float) and name not in NAMED
    ]
    lines += [f"trained parameters   {summary['trained_parameters']}"]
    lines += [f"seconds              {summary['seconds']:.1f}"]
    lines += [f"run folder           {folder}", f"figures              {folder / 'figures'}"]
    typer.echo("\n".join(lines))


def _check_common(
    name: str,
    comparison: recipes.Comparison,
    settings: recipes.Settings,
    given: dict[str, Any],
    device: str,
) -> None:
    """Refuse what only one network can have, where all arms are to be trained."""
    single = [key for key in given if key in comparison.varied] + ["device"] * (device != "auto")
    if single:
        option, one = (text.replace("_", "-") for text in (single[0], comparison.chosen_by))
        value = getattr(settings, comparison.chosen_by)
        raise recipes.RecipeError(
            f"--{option} is for one network, and without --{one} all arms of {name} are trained "
            f"with {comparison.repeated} each: write --{one} {value} --{option} ..."
        )


def _compare(
    name: str, title: str, out: Path | None, given: dict[str, Any], force: bool, as_json: bool
) -> None:
    folder = Path("runs") / f"{title}-arms" if out is None else out
    try:
        with users_own(recipes.RecipeError, OSError):
            answer = recipes.compare(name, folder, force=force, progress=not as_json, **given)
    except KeyboardInterrupt as stop:
        raise Stopped("The same command goes on with the networks that are missing.") from stop
    if as_json:
        print_json({"run": str(folder), **answer})
    else:
        typer.echo(answer["table"] + "\n\n" + "\n".join(f"wrote {f}" for f in answer["files"]))
