"""Runs as event graphs: export, and the accuracy a back end reaches."""

import zipfile
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
from axonal.recipes._learning import READOUTS
from axonal.recipes._run_folder import RunFolder, load_run
from axonal.recipes._samples import Samples


def export_run(folder: str | PathLike[str], *, samples: int) -> deploy.EventGraph:
    """See :func:`axonal.recipes.export_run`."""
    if samples < 1:
        raise RecipeError(f"the golden run takes samples >= 1, got {samples}.")
    net, settings = load_run(folder)
    run = RunFolder(folder)
    summary = run.read_summary()
    name = summary["recipe"]
    test = recipes.find(name).data(settings)["test"]
    inputs = torch.from_numpy(test.dense(range(min(samples, len(test)))))
    info = {
        "recipe": name,
        "settings": settings.to_json(),
        "readout": settings.readout,
        "classes": int(net(inputs[:1])[0].shape[-1]),
        "seed": settings.seed,
        "test_accuracy": summary["test_accuracy"],
    }
    return deploy.export(net, settings.dt, inputs=inputs, info=info)


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


def read_data(
    graph: deploy.EventGraph, data: str
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64] | None]:
    """Events `[T, B, N]` and labels `[B]`, of the graph's recipe or from an .npz file."""
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
        return samples.dense(range(len(samples))), samples.labels
    if not Path(data).is_file():
        raise FileNotFoundError(f"there is no file {data}.")
    if not zipfile.is_zipfile(data):
        raise RecipeError(f"{data} is not an .npz file: write numpy.savez(file, x=x).")
    try:
        held = read_npz(data)
    except ValueError as error:
        raise RecipeError(f"{error}: write numpy.savez(file, x=x).") from error
    if "x" not in held:
        have = ", ".join(held) or "nothing"
        raise RecipeError(
            f"{data} holds {have}; expected x [T, B, N] and, to be scored, labels [B]: write "
            "numpy.savez(file, x=x, labels=labels)."
        )
    labels = held.get("labels")
    for name, kinds in (("x", "biuf"), ("labels", "iu")):
        if name in held and held[name].dtype.kind not in kinds:
            what = "numbers" if name == "x" else "whole numbers, one class a sample"
            raise RecipeError(
                f"{name} in {data} is an array of {held[name].dtype}, expected {what}."
            )
    if labels is not None and labels.shape != held["x"].shape[1:2]:
        raise RecipeError(
            f"{data} holds labels {labels.shape} for x {held['x'].shape}; expected one a sample, "
            "labels [B] for x [T, B, N]. Is x batch-first?"
        )
    return held["x"], labels


def run(
    graph: deploy.EventGraph, x: npt.NDArray[Any], *, backend: str, timeout: float = 600.0
) -> deploy.Run:
    """Run events `[T, B, N]` of the only input."""
    return deploy.run(graph, x, backend=backend, timeout=timeout)


def score(graph: deploy.EventGraph, result: deploy.Run, labels: npt.NDArray[np.int64]) -> float:
    """Share of samples whose class is found by the graph's readout rule."""
    rule, output = graph.info.get("readout"), graph.outputs[0]
    if rule not in READOUTS or output not in result.readout:
        raise RecipeError(
            "this graph names no readout rule for its output: make it with `axonal export RUN`, or "
            "leave the labels out."
        )
    classes = result.readout[output].shape[-1]
    if labels.min() < 0 or labels.max() >= classes:
        raise RecipeError(
            f"labels go from {labels.min()} to {labels.max()}, and the classes of {output!r} from "
            f"0 to {classes - 1}."
        )
    found = READOUTS[rule](torch.from_numpy(result.readout[output])).argmax(-1).numpy()
    return float((found == labels).mean())


def write(file: Path, result: deploy.Run) -> None:
    """Write spikes as events and readouts `[T, B, N]` as one .npz file."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, spikes in result.spikes.items():
        arrays |= {f"{name}.{part}": values for part, values in spikes._asdict().items()}
    arrays |= {f"{name}.payload": values for name, values in result.payload.items()}
    arrays |= {f"{name}.readout": values for name, values in result.readout.items()}
    with whole_file(file) as part, part.open("xb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)
