"""Language models of event-based gated units (EGRU), pruned or not, on a small part of WikiText-2.

The models are those of Subramoney et al., ICLR 2023 (arXiv 2206.06178), made small. The validation
file of WikiText-2 trains them, but for its last tenth, which chooses; the test file reports.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from axonal import neuro
from axonal.recipes import _language_training, _settings, _wikitext
from axonal.recipes._language_model import CELLS, LanguageModel
from axonal.recipes._study import Learned, Parts


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.BaseSettings):
    """Settings of the recipe.

    Args:
        arm: "egru", "gru" or "lstm".
        level: "word" or "character".
        least: times that a token is in the training part to be in the vocabulary.
        embedding: width of the embedding.
        layers: units of every recurrent layer, with commas between.
        tied: let the embedding score the next token; the last layer has its width then.
        epochs: passes over the training part.
        streams: parts of the text that are read at once.
        steps: tokens of a stream per update, through which gradients go; states are carried on.
        learning_rate: of Adam, which falls to zero along a cosine.
        weight_decay: of AdamW.
        dropout: share of the values between layers that training leaves out.
        largest_gradient: norm that the gradient of an update is cut to.
        pruned: share of the weights of recurrent layers that are set to zero by their magnitude.
        prune_from: share of the training after which pruning begins.
        prune_until: share of the training after which it has come to ``pruned``.
        threshold_mean: mean of the thresholds of EGRU at the start, above 0 and below 1.
        damping: height of its pseudo-derivative.
        support: inverse of the half-width of its pseudo-derivative.
        activity: strength of the penalty on its activity.
        activity_rate: events per unit and step that this pulls towards.
        kept_every: updates after which a run that is stopped goes on from.

    >>> Settings(embedding=8, layers="16,8").sizes
    (8, 16, 8)
    """

    arm: str = "egru"
    level: str = "word"
    least: int = 2
    embedding: int = 128
    layers: str = "256,128"
    tied: bool = True
    epochs: int = 4
    streams: int = 20
    steps: int = 35
    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    dropout: float = 0.2
    largest_gradient: float = 1.0
    pruned: float = 0.0
    prune_from: float = 0.25
    prune_until: float = 0.75
    threshold_mean: float = 0.05
    damping: float = 0.7
    support: float = 1.0
    activity: float = 0.0
    activity_rate: float = 0.05
    kept_every: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in CELLS, f"one of {', '.join(CELLS)}")
        levels = _wikitext.LEVELS
        self.require("level", self.level in levels, f"one of {', '.join(levels)}")
        self.require_counts("least", "embedding", "epochs", "streams", "steps", "kept_every")
        self.require("layers", bool(self.sizes), "whole numbers >= 1 with commas between")
        fine = not self.tied or self.sizes[-1] == self.embedding
        expected = f"a last layer of the embedding's width, {self.embedding}, or --no-tied"
        self.require("layers", fine, expected)
        for name in ("learning_rate", "largest_gradient", "damping", "support"):
            self.require(name, getattr(self, name) > 0, "a number > 0")
        for name in ("weight_decay", "activity"):
            self.require(name, getattr(self, name) >= 0, "a number >= 0")
        for name in ("dropout", "pruned"):
            self.require(name, 0 <= getattr(self, name) < 1, "a share from 0 to below 1")
        self.require("prune_from", 0 <= self.prune_from < 1, "a share from 0 to below 1")
        fine = self.prune_from < self.prune_until <= 1
        self.require("prune_until", fine, "a share above prune_from, to 1")
        fine = 0 < self.threshold_mean < 1
        self.require("threshold_mean", fine, "a number above 0 and below 1")
        self.require("activity_rate", 0 <= self.activity_rate <= 1, "a share from 0 to 1")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Width of the embedding, and units of every layer; nothing where the text is no list."""
        parts = self.layers.split(",")
        if not all(part.strip().isdecimal() and int(part) >= 1 for part in parts):
            return ()
        return (self.embedding, *map(int, parts))


def build(settings: Settings, vocabulary: int) -> LanguageModel:
    """The untrained model, the same for the same settings.

    >>> build(Settings(), 50)(torch.zeros(3, 2, dtype=torch.int64))[0].shape
    torch.Size([3, 2, 50])
    """
    own = ("threshold_mean", "damping", "support") if settings.arm == "egru" else ()
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return LanguageModel(
            vocabulary,
            settings.sizes,
            cell=settings.arm,
            tied=settings.tied,
            dropout=settings.dropout,
            **{name: getattr(settings, name) for name in own},
        )


def streams(numbers: npt.NDArray[np.int64], count: int) -> Tensor:
    """A text as so many streams `[L, count]`; what does not fill all of them is left out.

    >>> streams(np.arange(7), 2).tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    count = min(count, len(numbers))
    length = len(numbers) // count
    return torch.from_numpy(numbers[: length * count].reshape(count, length).T.copy())


def chunks(read: Tensor, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Tokens and the next ones, chunk by chunk; the last chunk may be shorter."""
    for begin in range(0, len(read) - 1, steps):
        end = min(begin + steps, len(read) - 1)
        yield read[begin:end], read[begin + 1 : end + 1]


@torch.no_grad()
def perplexity(model: LanguageModel, read: Tensor, steps: int = 64) -> tuple[float, float | None]:
    """Perplexity per token of streams `[L, B]`, and events per unit and step of EGRU.

    States are carried from chunk to chunk; the first token of every stream is not predicted.
    """
    was_training = model.training
    model.eval()
    states, total, rates = None, 0.0, []
    for x, target in chunks(read, steps):
        with neuro.event_traces(model) as seen:
            scores, states = model(x, states)
        loss = torch.nn.functional.cross_entropy(
            scores.flatten(0, 1), target.flatten(), reduction="sum"
        )
        total += float(loss)
        rates += [float(t.event_rate()) for traces in seen.values() for t in traces]
    model.train(was_training)
    tokens = (len(read) - 1) * read.shape[1]
    return math.exp(total / tokens), float(np.mean(rates)) if rates else None


def learn(settings: Settings, parts: Parts) -> Learned:
    """Train in parts of some updates, from which a run that was stopped goes on."""
    text = _wikitext.wikitext(settings.level, settings.least)
    model = build(settings, len(text.vocabulary))
    training = _language_training.Training(model, settings, streams(text.train, settings.streams))
    training.run(parts)
    results: dict[str, Any] = {
        "tokens": {name: len(getattr(text, name)) for name in ("train", "validation", "test")},
        "vocabulary": len(text.vocabulary),
        "unknown": {name: round(share, 5) for name, share in text.unknown.items()},
        "losses": [round(loss, 4) for loss in training.losses],
        "pruned": round(training.zeros(), 4),
    }
    for name in ("validation", "test"):
        read = streams(getattr(text, name), settings.streams)
        results[f"{name}_perplexity"], rate = perplexity(model, read)
    if rate is not None:
        results["event_rate"] = round(rate, 5)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    return Learned(weights, results, lambda folder: _draw(folder, training.losses))


def _draw(folder: Path, losses: list[float]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    ax = figure.subplots()
    ax.plot(range(1, len(losses) + 1), losses, marker=".")
    ax.set(xlabel="part of the training", ylabel="loss (nats per token)")
    FigureCanvasAgg(figure)
    figure.savefig(folder / "learning_curve.png", dpi=130)
