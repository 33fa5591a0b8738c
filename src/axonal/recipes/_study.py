"""Recipes that learn by themselves, without gradients of a network."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from axonal._base.files import whole_file
from axonal._base.npz import read_npz
from axonal._base.progress import bar
from axonal.recipes import _find
from axonal.recipes._errors import RecipeError
from axonal.recipes._provenance import provenance
from axonal.recipes._run_folder import RunFolder
from axonal.recipes._settings import BaseSettings, short

Arrays = Mapping[str, npt.NDArray[Any]]


class Learned(NamedTuple):
    """Result of a study.

    Args:
        arrays: what was learned, for model.pt.
        results: numbers for summary.json, "test_accuracy" and "validation_accuracy" among them
            where there are such.
        draw: writes figures into a folder.
    """

    arrays: Arrays
    results: Mapping[str, Any]
    draw: Callable[[Path], None] | None = None


class Parts:
    """Finished parts of a study on disk, so that a stopped one goes on where it was.

    Args:
        folder: of the files, one per part.
        report: called with the name of a part and the share of it that is done.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     parts = Parts(Path(folder), lambda part, share: None)
    ...     made = parts.get("weights", lambda report: {"w": np.ones(2)})
    ...     read = parts.get("weights", lambda report: {"w": np.zeros(2)})  # it is there
    >>> read["w"]
    array([1., 1.])
    """

    def __init__(self, folder: Path, report: Callable[[str, float], None]) -> None:
        self.folder = folder
        self.report = report

    def get(self, name: str, make: Callable[[Callable[[float], None]], Arrays]) -> Arrays:
        """The arrays of a part, read if they are there and made otherwise.

        Args:
            name: of the part.
            make: makes them; it is given a function that takes the share that is done.

        Returns:
            the arrays.

        Raises:
            ValueError: what was made is no dictionary of arrays of numbers.
        """
        file = self.folder / f"{name}.npz"
        if file.exists():
            try:
                return read_npz(file)
            except ValueError:
                file.unlink()  # a damaged part is made anew
        arrays = _arrays(f"the part {name!r}", make(lambda share: self.report(name, share)))
        with whole_file(file) as whole, open(whole, "wb") as content:
            np.savez(content, allow_pickle=False, **arrays)
        return arrays


def _arrays(what: str, made: object) -> dict[str, npt.NDArray[Any]]:
    """Named arrays of numbers, which a file of arrays can hold."""
    # two names are arguments of numpy.savez
    if not isinstance(made, Mapping) or not all(
        isinstance(key, str) and key not in ("", "file", "allow_pickle") for key in made
    ):
        raise RecipeError(f"{what} expects a dictionary of named arrays, got {short(made)}.")
    found = {key: np.asarray(value) for key, value in made.items()}
    for key, array in found.items():
        if array.dtype.kind not in "biuf":
            raise RecipeError(f"{what} expects arrays of numbers, got {array.dtype} as {key!r}.")
    return found


def _results(results: Mapping[str, Any]) -> dict[str, Any]:
    """Results as JSON holds them, numbers and arrays of numpy included."""
    plain: dict[str, Any] = {}
    for name, value in results.items():
        try:
            text = json.dumps(value, default=lambda number: number.tolist(), allow_nan=False)
        except (AttributeError, TypeError, ValueError):
            raise RecipeError(
                f"the result {name!r} expects finite numbers, texts, lists or dictionaries, got "
                f"{short(value)}."
            ) from None
        plain[name] = json.loads(text)
    for name in ("test_accuracy", "validation_accuracy"):
        share = plain.get(name, 0.0)
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise RecipeError(
                f"the result {name!r} expects a share from 0 to 1, got {short(share)}."
            )
    return plain


def study(
    name: str,
    recipe: _find.Study,
    settings: BaseSettings,
    out: str | PathLike[str],
    *,
    resume: bool,
    force: bool,
    progress: bool,
) -> dict[str, Any]:
    """Run a recipe that learns by itself and leave a run folder; see `train`."""
    run = RunFolder(out, name if _find.is_file(name) else None)
    if not _first_process():
        recipe.learn(settings, Parts(run.checkpoint.parent, lambda *_: None))
        sys.exit()
    run.prepare(name, settings, resume=resume, force=force)
    if run.finished:
        return run.read_summary()
    begun, worked = time.perf_counter(), time.process_time()
    with bar(name, 100, unit="%", shown=progress) as step:
        parts = Parts(
            run.checkpoint.parent, lambda part, share: step(round(100 * share), remark=part)
        )
        learned = recipe.learn(settings, parts)
    results, arrays = _results(learned.results), _arrays("arrays", learned.arrays)
    summary = {
        "recipe": run.origin()["recipe"],
        "seed": settings.seed,
        **results,
        "figures": _drawn(run.figures, learned.draw),
        "trained_parameters": sum(array.size for array in arrays.values()),
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - worked,
        **provenance(),
    }
    tensors = {key: torch.from_numpy(np.array(array)) for key, array in arrays.items()}
    run.finish(tensors, summary)
    return summary


def _first_process() -> bool:
    """Whether this process is the first of those that train together, or the only one.

    Lightning, torchrun and the like start the same command several times; the first prepares the
    folder before it starts the others, and writes.
    """
    rank = os.environ.get("RANK") or os.environ.get("LOCAL_RANK") or "0"
    return rank == "0"


def _drawn(figures: Path, draw: Callable[[Path], None] | None) -> list[str]:
    """Names of the figures that a study has drawn, by which another run may remove them."""
    if draw is None:
        return []
    figures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=figures) as folder:
        draw(Path(folder))
        files = sorted(path for path in Path(folder).iterdir() if path.is_file())
        for file in files:
            file.replace(figures / file.name)
    return [file.name for file in files]
