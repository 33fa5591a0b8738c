"""From settings to a finished run folder."""

import time
from os import PathLike
from typing import Any

import torch

from axonal import neuro, recipes
from axonal.recipes import _find, _learning
from axonal.recipes._errors import RecipeError
from axonal.recipes._provenance import provenance
from axonal.recipes._run_folder import RunFolder
from axonal.recipes._samples import Samples
from axonal.recipes._settings import BaseSettings, Settings
from axonal.recipes._study import study

DEVICES = ("auto", "cpu", "cuda")
RATE_SAMPLES = 256


def train(
    name: str,
    settings: BaseSettings,
    out: str | PathLike[str],
    *,
    device: str = "auto",
    resume: bool = False,
    force: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Train a recipe and leave a run folder.

    The folder holds config.json (for a recipe of your own with its path and hash, and a copy of it,
    recipe.txt, that never runs), metrics.csv, summary.json, model.pt (a plain state_dict),
    checksums.sha256 of config, summary and model, checkpoints/last.ckpt and figures/*.png. A run
    that was stopped at any moment goes on from its last whole epoch and ends with the numbers of a
    run that was not. Networks are trained with Lightning. A recipe that learns by itself (`Study`)
    leaves what it has finished in checkpoints/*.npz, in place of metrics and last.ckpt.

    Args:
        name: one of `names`, or the path of a recipe of your own, whose code runs.
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
    >>> settings = recipes.find("digits").Settings(epochs=1, hidden=8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     summary = train("digits", settings, folder, device="cpu")
    >>> 0 <= summary["test_accuracy"] <= 1
    True
    """
    recipe = recipes.find(name)
    if device not in DEVICES:
        raise RecipeError(f"the device is one of {', '.join(DEVICES)}, got {device!r}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise RecipeError("there is no CUDA device on this machine: write --device cpu or auto.")
    if _find.is_study(recipe):
        if device == "cuda":
            raise RecipeError(f"{name} runs on the CPU: write --device cpu or auto.")
        return study(name, recipe, settings, out, resume=resume, force=force, progress=progress)
    assert isinstance(settings, Settings)
    try:
        from axonal.recipes import _lightning
        from axonal.recipes._data_module import DataModule
    except ModuleNotFoundError as error:
        if error.name != "lightning":
            raise
        raise ImportError(
            "training needs Lightning, which is not installed: pip install 'axonal[train]'."
        ) from error

    net = recipe.build(settings)
    run = RunFolder(out, name if _find.is_file(name) else None)
    run.prepare(name, settings, resume=resume, force=force)
    if run.finished:
        try:
            run.load()
            return run.read_summary()
        except (RecipeError, FileNotFoundError):
            # what is damaged is made anew from the checkpoint, if there is one
            if not run.checkpoint.exists():
                raise

    threads = torch.get_num_threads()
    # networks of this size are many times faster on one thread than on two
    torch.set_num_threads(1)
    try:
        data = recipe.data(settings)
        trained = count_trained(net)
        training = _lightning.Training(net, settings)
        batches = DataModule(data, batch=settings.batch, seed=settings.seed)
        _lightning.fit(name, training, batches, run, device=device, progress=progress)
        net = net.cpu()
        begun = time.perf_counter()
        summary = _summary(run.origin()["recipe"], settings, net, data, trained, training.history)
        _draw(run, recipe, settings, net, data["test"], training.history)
        summary["seconds"] += time.perf_counter() - begun
        run.finish(net.state_dict(), summary)
    finally:
        torch.set_num_threads(threads)
    return summary


def count_trained(net: torch.nn.Module) -> int:
    """Numbers that training changes: those of parameters that take a gradient."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


def _summary(
    name: str,
    settings: Settings,
    net: neuro.Network,
    data: Any,
    trained: int,
    history: list[dict[str, float]],
) -> dict[str, Any]:
    found = {f"{s}_accuracy": _learning.accuracy(net, data[s], settings) for s in data}
    return {
        "recipe": name,
        "seed": settings.seed,
        "epochs": settings.epochs,
        **dict(reversed(found.items())),
        "samples": {split: len(samples) for split, samples in data.items()},
        "trained_parameters": trained,
        "firing_rates": firing_rates(net, data["test"]),
        "seconds": sum(row["seconds"] for row in history),
        **provenance(),
    }


@torch.no_grad()
def firing_rates(net: neuro.Network, samples: Samples) -> dict[str, float]:
    """Spikes or graded events per neuron and step of every spiking layer, in evaluation mode."""
    spiking = {path: ("spikes",) for path, m in net.stateful_layers.items() if m.spiking}
    if not spiking:
        return {}
    x = torch.from_numpy(samples.dense(range(min(len(samples), RATE_SAMPLES))))
    _, traces = neuro.record(net.eval(), x, spiking)
    return {path: float((t["spikes"] != 0).float().mean()) for path, t in traces.items()}


def _draw(
    run: RunFolder,
    recipe: recipes.Recipe,
    settings: Settings,
    net: neuro.Network,
    test: Samples,
    history: list[dict[str, float]],
) -> None:
    from axonal.recipes import figures

    run.figures.mkdir(exist_ok=True)
    figures.save_all(run.figures, recipe.build(settings), net, settings, test, history)
