"""Whole experiments, each behind one name: data, network, optimiser and metrics.

A recipe is a module with ``Settings`` (a frozen dataclass), ``data(settings)`` (samples by split)
and ``build(settings)`` (the untrained Network). Nothing heavy is imported before it is needed.

>>> from axonal import recipes
>>> recipes.names()
('digits', 'coincidence', 'spoken-digits')
"""

import importlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from axonal.recipes._errors import RecipeError

if TYPE_CHECKING:
    from axonal.deploy import EventGraph
    from axonal.neuro import Network
    from axonal.recipes._samples import Samples
    from axonal.recipes._settings import Settings

__all__ = [
    "Recipe",
    "RecipeError",
    "compare",
    "export_run",
    "find",
    "graph_accuracy",
    "load_run",
    "names",
    "train",
    "trained",
]

_MODULES = {
    "digits": "axonal.recipes.digits",
    "coincidence": "axonal.recipes.coincidence",
    "spoken-digits": "axonal.recipes.spoken_digits",
}


COMPARED = ("spoken-digits",)
"""Recipes whose arms and seeds `compare` trains all."""


class Recipe(Protocol):
    """What the module of a recipe offers."""

    Settings: type[Any]

    def data(self, settings: Any) -> "Mapping[str, Samples]":
        """Samples of the splits "train", "validation" and "test"."""

    def build(self, settings: Any) -> "Network":
        """The untrained network, a pure function of the settings."""


def names() -> tuple[str, ...]:
    """Names of all recipes.

    >>> "digits" in names()
    True
    """
    return tuple(_MODULES)


def find(name: str) -> Recipe:
    """The module of a recipe.

    Args:
        name: one of `names`.

    Returns:
        the module, with ``Settings``, ``data`` and ``build``.

    Raises:
        ValueError: there is no such recipe; the known ones are listed.

    >>> find("digits").Settings(seed=3).seed
    3
    """
    if name not in _MODULES:
        raise RecipeError(f"there is no recipe {name!r}; the recipes are {', '.join(_MODULES)}.")
    return cast(Recipe, importlib.import_module(_MODULES[name]))


def train(
    name: str,
    settings: "Settings",
    out: str | PathLike[str],
    *,
    device: str = "auto",
    resume: bool = False,
    force: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Train a recipe with Lightning and leave a run folder.

    The folder holds config.json, metrics.csv, summary.json, model.pt (a plain state_dict),
    checksums.sha256 of config, summary and model, checkpoints/last.ckpt and figures/*.png. A run
    that was stopped at any moment goes on from its last whole epoch and ends with the numbers of a
    run that was not.

    Args:
        name: one of `names`.
        settings: an instance of the recipe's ``Settings``.
        out: run folder.
        device: "auto", "cpu" or "cuda".
        resume: go on with the run in ``out``, if there is one; what is damaged of a finished run is
            made anew from its checkpoint.
        force: replace the run in ``out``, if there is one.
        progress: show a progress bar on stderr.

    Returns:
        what summary.json holds: "test_accuracy", "validation_accuracy", "seed", "seconds", ...

    Raises:
        ValueError: a run exists and neither ``resume`` nor ``force`` is given, settings that differ
            from those of the run to resume, a device that is not there, a damaged run to resume.
        ImportError: Lightning is missing; the message names the extra.

    >>> import tempfile
    >>> settings = find("digits").Settings(epochs=1, hidden=8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     summary = train("digits", settings, folder, device="cpu")
    >>> 0 <= summary["test_accuracy"] <= 1
    True
    """
    from axonal.recipes import _train

    return _train.train(
        name, settings, out, device=device, resume=resume, force=force, progress=progress
    )


def compare(
    name: str,
    out: str | PathLike[str],
    *,
    split: str | None = None,
    epochs: int | None = None,
    force: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Train all arms of a recipe with five seeds each, and write the table that compares them.

    The networks are trained on the CPU, a process and one thread each, as many at once as there are
    cores. Each is kept in runs.jsonl as soon as it is finished: after a stop, the same call goes
    on with those that are missing.

    Args:
        name: "spoken-digits".
        out: folder of runs.jsonl and the report, as text, numbers and figure.
        split: of the data, "official" or "speaker"; both by default.
        epochs: of every network, in place of the recipe's.
        force: forget the networks that ``out`` holds.
        progress: show a progress bar on stderr.

    Returns:
        "table" (the report as text), "files" (paths of the report) and "networks" (their number).

    Raises:
        ValueError: the recipe has no table of arms, the data are not there, a setting is out of
            range, or a process ended early.

    >>> compare("digits", "runs/nowhere")
    Traceback (most recent call last):
    axonal.recipes._errors.RecipeError: the recipe 'digits' has no table of arms, only \
spoken-digits has.
    """
    if name not in COMPARED:
        only = ", ".join(COMPARED)
        raise RecipeError(f"the recipe {name!r} has no table of arms, only {only} has.")
    from axonal.recipes.experiments import _comparison

    return _comparison.compare(out, split=split, epochs=epochs, force=force, progress=progress)


def load_run(folder: str | PathLike[str]) -> "tuple[Network, Any]":
    """Load the network of a finished run; it predicts what the run reported.

    Args:
        folder: run folder that `train` left.

    Returns:
        the Network in evaluation mode, and the settings it was trained with.

    Raises:
        FileNotFoundError: there is no finished run.
        ValueError: the folder is damaged, which its checksums tell, or of another version; one line
            that names the file and says what still helps.

    >>> load_run("runs/of-nobody")
    Traceback (most recent call last):
    FileNotFoundError: runs/of-nobody holds no run: it has no config.json. Is the path right?
    """
    from axonal.recipes import _run_folder

    return _run_folder.load_run(folder)


def trained(name: str) -> Path:
    """Run folder of the trained network that comes with axonal, for `load_run` and `export_run`.

    Args:
        name: of a recipe; "digits" has one.

    Returns:
        the folder, with config.json, summary.json, model.pt and their checksums; it is not to be
        written to.

    Raises:
        ValueError: no trained network of that name comes with axonal.

    >>> net, settings = load_run(trained("digits"))
    >>> settings.seed
    0
    """
    folder = Path(__file__).with_name("trained") / name
    if name not in _MODULES or not folder.is_dir():
        raise RecipeError(
            f"no trained {name!r} comes with axonal, only digits: make one with `axonal train`."
        )
    return folder


def export_run(folder: str | PathLike[str], *, samples: int = 8) -> "EventGraph":
    """Export the network of a finished run, with samples of its test set as golden inputs.

    Args:
        folder: run folder that `train` left.
        samples: test samples of the golden run, >= 1.

    Returns:
        the event graph; its ``info`` holds recipe, settings, readout rule and test accuracy.

    Raises:
        FileNotFoundError: there is no finished run.
        ValueError: the folder is damaged, or the network has no event graph.

    >>> export_run("runs/of-nobody")
    Traceback (most recent call last):
    FileNotFoundError: runs/of-nobody holds no run: it has no config.json. Is the path right?
    """
    from axonal.recipes import _graphs

    return _graphs.export_run(folder, samples=samples)


def graph_accuracy(graph: "EventGraph", *, backend: str = "reference") -> float:
    """Run a graph on the test set of its recipe, and score it by its readout rule.

    Args:
        graph: a graph made by `export_run`.
        backend: of `axonal.deploy.run`.

    Returns:
        share of the test samples whose class is found, 0 to 1.

    Raises:
        ValueError: the graph was not made by `export_run`, or the back end cannot run it.

    >>> from axonal.deploy import EventGraph, Population
    >>> cell = Population("out", "integrator", (1,), decay=0.5, gain=1, bias=0)
    >>> graph_accuracy(EventGraph((Population("in", "input", (1,)), cell), (), ("out",), dt=0.001))
    Traceback (most recent call last):
    axonal.recipes._errors.RecipeError: this graph does not say which recipe it comes from: make \
it with `axonal export RUN`.
    """
    from axonal.recipes import _graphs

    return _graphs.graph_accuracy(graph, backend=backend)
