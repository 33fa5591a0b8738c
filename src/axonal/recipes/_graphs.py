"""Runs as event graphs: export, and the accuracy a back end reaches."""

import zipfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from axonal import deploy, recipes
from axonal._base.files import whole_file
from axonal._base.npz import read_npz
from axonal.recipes import _find
from axonal.recipes._errors import RecipeError
from axonal.recipes._labelled import Labelled, inputs, labelled, recipe_rule, scorable
from axonal.recipes._learner import READOUTS
from axonal.recipes._run_folder import RunFolder, load_run
from axonal.recipes._samples import Samples

RULES = {"mean_over_time": "mean", "max_over_time": "max", "first_spike": "first-spike"}
"""Readouts of recipes that are rules of graphs; others are read from the graph's info."""


def export_run(
    folder: str | PathLike[str], *, samples: int = 8, recipe: str | None = None
) -> deploy.EventGraph:
    """Export the network of a finished run, with samples of its test set as golden inputs.

    Args:
        folder: run folder that `train` left.
        samples: test samples of the golden run, >= 1.
        recipe: path of the recipe's file, where it is not the one that was recorded; see
            `load_run`.

    Returns:
        the event graph; its ``info`` holds recipe, settings, readout rule and test accuracy.

    Raises:
        FileNotFoundError: there is no finished run.
        ValueError: the folder is damaged, or the network has no event graph.

    >>> export_run("runs/of-nobody")
    Traceback (most recent call last):
    FileNotFoundError: runs/of-nobody holds no run: it has no config.json. Is the path right?
    """
    if samples < 1:
        raise RecipeError(f"the golden run takes samples >= 1, got {samples}.")
    net, settings = load_run(folder, recipe=recipe)
    run = RunFolder(folder, recipe)
    summary, name = run.read_summary(), run.settings()[0]
    test = recipes.find(name).data(settings)["test"]
    x = torch.from_numpy(test.dense(range(min(samples, len(test)))))
    info = {
        **_find.origin(name).to_json(),
        "settings": settings.to_json(),
        "readout": settings.readout,
        "classes": int(net(x[:1])[0].shape[-1]),
        "seed": settings.seed,
        "test_accuracy": summary["test_accuracy"],
    }
    rule = RULES.get(settings.readout)
    return deploy.export(net, settings.dt, inputs=x, info=info, readout=rule)


def graph_accuracy(
    graph: deploy.EventGraph, *, backend: str = "reference", recipe: str | None = None
) -> float:
    """Run a graph on the test set of its recipe, and score it by its readout rule.

    Args:
        graph: a graph made by `export_run`.
        backend: of `axonal.deploy.run`.
        recipe: path of the recipe's file, where it is not the one that was recorded.

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
    samples = test_samples(graph, recipe)
    result = run(graph, samples.dense(range(len(samples))), backend=backend)
    return score(graph, result, samples.labels)


def test_samples(graph: deploy.EventGraph, named: str | None = None) -> Samples:
    """The test set of the recipe that a graph comes from; see `_find.recorded` for ``named``."""
    name = graph.info.get("recipe")
    if "recipe_file" in graph.info or named is not None:
        name = _find.recorded(graph.info, "this graph", named=named)
    try:
        if name not in recipes.names() and "recipe_file" not in graph.info:
            raise ValueError(name)
        recipe = recipes.find(str(name))
        if _find.is_study(recipe):  # there is no network that a graph could come from
            raise ValueError(name)
        settings = recipe.Settings.from_json(graph.info["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(
            "this graph does not say which recipe it comes from: make it with `axonal export RUN`."
        ) from error
    return recipe.data(settings)["test"]


def read_data(graph: deploy.EventGraph, data: str) -> Labelled:
    """Events, labels and lengths, of the graph's recipe or from an .npz file."""
    if not data.endswith(".npz"):
        trained_on = graph.info.get("recipe")
        named = data if _find.is_file(data) else None
        if named is None and data not in (*recipes.names(), trained_on):
            raise RecipeError(
                f"--data takes {trained_on or 'the recipe of the graph'}, a recipe of your own "
                f"(.py) or a file that ends in .npz, got {data!r}."
            )
        samples = test_samples(graph, named)
        if named is None and data != trained_on:
            raise RecipeError(
                f"this graph was trained on {trained_on}, not on {data}: write --data {trained_on}."
            )
        return Labelled({inputs(graph)[0]: samples.dense(range(len(samples)))}, samples.labels)
    if not Path(data).is_file():
        raise FileNotFoundError(f"there is no file {data}.")
    if not zipfile.is_zipfile(data):
        raise RecipeError(f"{data} is not an .npz file: write numpy.savez(file, x=x).")
    try:
        held = read_npz(data)
    except ValueError as error:
        raise RecipeError(f"{error}: write numpy.savez(file, x=x, y=y).") from error
    return labelled(graph, data, held)


def run(
    graph: deploy.EventGraph,
    x: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]],
    *,
    backend: str,
    timeout: float = 600.0,
) -> deploy.Run:
    """Run events `[T, B, N]` of the only input, or of each by name."""
    return deploy.run(graph, x, backend=backend, timeout=timeout)


def classes(
    graph: deploy.EventGraph, result: deploy.Run, lengths: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.int64] | None:
    """Class of every sample `[B]` by the graph's readout rule; None without one."""
    if graph.readout is not None:
        return deploy.classify(graph, result, lengths)
    rule = recipe_rule(graph)
    if rule is None:
        return None
    ends = None if lengths is None else torch.from_numpy(lengths)
    y = torch.from_numpy(result.readout[graph.outputs[0]])
    found: npt.NDArray[np.int64] = READOUTS[rule](y, ends).argmax(-1).numpy()
    return found


def score(
    graph: deploy.EventGraph,
    result: deploy.Run,
    labels: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64] | None = None,
) -> float:
    """Share of samples whose class is found by the graph's readout rule."""
    scorable(graph, labels, result.samples)
    return float(np.mean(classes(graph, result, lengths) == labels))


def write(file: Path, result: deploy.Run, found: npt.NDArray[np.int64] | None = None) -> None:
    """Write spikes as events, readouts `[T, B, N]` and classes `[B]` as one .npz file."""
    arrays: dict[str, npt.NDArray[Any]] = {} if found is None else {"classes": found}
    for name, spikes in result.spikes.items():
        arrays |= {f"{name}.{part}": values for part, values in spikes._asdict().items()}
    arrays |= {f"{name}.payload": values for name, values in result.payload.items()}
    arrays |= {f"{name}.readout": values for name, values in result.readout.items()}
    with whole_file(file) as part, part.open("xb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)
