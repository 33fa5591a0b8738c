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
from axonal.recipes._errors import RecipeError
from axonal.recipes._labelled import Labelled, inputs, labelled, recipe_rule, scorable
from axonal.recipes._learning import READOUTS
from axonal.recipes._run_folder import RunFolder, load_run
from axonal.recipes._samples import Samples

RULES = {"mean_over_time": "mean", "max_over_time": "max"}
"""Readouts of recipes that are rules of graphs; others are read from the graph's info."""


def export_run(folder: str | PathLike[str], *, samples: int) -> deploy.EventGraph:
    """See :func:`axonal.recipes.export_run`."""
    if samples < 1:
        raise RecipeError(f"the golden run takes samples >= 1, got {samples}.")
    net, settings = load_run(folder)
    run = RunFolder(folder)
    summary = run.read_summary()
    name = summary["recipe"]
    test = recipes.find(name).data(settings)["test"]
    x = torch.from_numpy(test.dense(range(min(samples, len(test)))))
    info = {
        "recipe": name,
        "settings": settings.to_json(),
        "readout": settings.readout,
        "classes": int(net(x[:1])[0].shape[-1]),
        "seed": settings.seed,
        "test_accuracy": summary["test_accuracy"],
    }
    rule = RULES.get(settings.readout)
    return deploy.export(net, settings.dt, inputs=x, info=info, readout=rule)


def graph_accuracy(graph: deploy.EventGraph, *, backend: str) -> float:
    """See :func:`axonal.recipes.graph_accuracy`."""
    samples = test_samples(graph)
    result = run(graph, samples.dense(range(len(samples))), backend=backend)
    return score(graph, result, samples.labels)


def test_samples(graph: deploy.EventGraph) -> Samples:
    """The test set of the recipe that a graph comes from."""
    try:
        recipe = recipes.find(graph.info["recipe"])
        settings = recipe.Settings.from_json(graph.info["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(
            "this graph does not say which recipe it comes from: make it with `axonal export RUN`."
        ) from error
    return recipe.data(settings)["test"]


def read_data(graph: deploy.EventGraph, data: str) -> Labelled:
    """Events, labels and lengths, of the graph's recipe or from an .npz file."""
    if not data.endswith(".npz"):
        own = graph.info.get("recipe")
        if data not in recipes.names():
            raise RecipeError(
                f"--data takes {', '.join(recipes.names())} or a file that ends in .npz, "
                f"got {data!r}."
            )
        samples = test_samples(graph)
        if data != own:
            raise RecipeError(
                f"this graph was trained on {own}, not on {data}: write --data {own}."
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
