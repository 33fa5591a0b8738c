"""From a text and a model to what a run folder keeps: the part that language recipes share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from axonal.datasets.text import RandomWindows, Tokenizer
from axonal.recipes import _text_scoring
from axonal.recipes._errors import RecipeError
from axonal.recipes._study import Learned, Parts
from axonal.recipes._text_corpus import corpus
from axonal.recipes._text_settings import TextSettings

PART = "trained"


def study(settings: TextSettings, parts: Parts, build: Callable[[Any, int], nn.Module]) -> Learned:
    """Train a model of a recipe, and score it on the parts of the text that it has not seen.

    Raises:
        RecipeError: for a text or settings that cannot be used, and for a loss that is no number.
    """
    try:
        from axonal.recipes import _text_training
    except ModuleNotFoundError as error:
        if error.name != "lightning":
            raise
        raise ImportError(
            "training needs Lightning, which is not installed: pip install 'axonal[train]'."
        ) from error
    read = corpus(settings.text, settings.tokens, settings.vocabulary)
    try:
        windows = RandomWindows(read.train, settings.window, settings.batch, settings.seed)
    except ValueError as error:
        raise RecipeError(str(error)) from error
    model = build(settings, read.tokenizer.size)
    training = _text_training.TextTraining(model, settings, windows, read.source)
    _text_training.fit(training, parts.folder, lambda share: parts.report("training", share))
    results: dict[str, Any] = {"tokenizer": read.tokenizer.settings(), "source": read.source}
    for name, part in (("validation", read.validation), ("test", read.test)):
        found = _text_scoring.score(model, part, read.tokenizer, 2 * settings.window)
        results |= {
            f"{name}_bits_per_character": found.bits_per_character,
            f"{name}_bits_per_byte": found.bits_per_byte,
            f"{name}_bits_per_token": found.bits_per_token,
        }
    last = training.history[-1]
    results["tokens_seen"] = (
        training.seen * training.trainer.world_size * settings.window * settings.batch
    )
    results["firing_rates"] = {
        path.removeprefix("rate."): rate for path, rate in last.items() if path.startswith("rate.")
    }
    results["sample"] = _sample(model, read.tokenizer, settings.seed)
    weights = {name: value.cpu().numpy() for name, value in model.state_dict().items()}
    return Learned(weights, results, lambda folder: _draw(folder, training.history))


def _sample(model: nn.Module, tokenizer: Tokenizer, seed: int, length: int = 120) -> str:
    from axonal.recipes._writing import write

    first = tokenizer.decode(np.array([0])) if tokenizer.size < 256 else "\n"
    return "".join(write(model.eval(), tokenizer, first, length=length, seed=seed))


def _draw(folder: Path, history: list[dict[str, float]]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    ax = figure.subplots()
    updates = [row["update"] for row in history]
    ax.plot(updates, [row["bits_per_token"] for row in history], marker=".")
    ax.set(xlabel="updates", ylabel="training loss (bits per token)")
    FigureCanvasAgg(figure)
    figure.savefig(folder / "learning_curve.png", dpi=130)
