"""Sentences of movie reviews that praise or do not, by a spiking language model that reads them.

The reviews are those of Pang and Lee, ACL 2005.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal._base.array_types import Int64Array
from axonal.datasets import text as texts
from axonal.recipes import _settings
from axonal.recipes._errors import RecipeError
from axonal.recipes._study import Learned, Parts
from axonal.recipes._text_scoring import beside, hidden, mean_over

FOLDS = 10
PART = "trained"


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.BaseSettings):
    """Settings of the recipe.

    Args:
        fold: tenth of the sentences that is tested, 0 to 9; a tenth of the others chooses.
        run: run folder of a trained spikegpt-char, whose model and tokens are taken over; without
            it a model is begun anew, on pairs of bytes that the training sentences teach.
        epochs: passes over the training sentences.
        batch: sentences per update, of similar length.
        learning_rate: highest rate; it falls to zero along a cosine.
        weight_decay: of AdamW.
        language: weight of the loss of the next token beside that of the class.
        vocabulary: number of tokens of a model that is begun anew.
        width: channels of such a model.
        layers: blocks of such a model.
        dropout: share of what is averaged, and of what blocks add, that training leaves out.
        spiking: whether such a model has LIF neurons.

    >>> Settings(fold=3).epochs
    3
    """

    fold: int = 0
    run: str = ""
    epochs: int = 3
    batch: int = 32
    learning_rate: float = 5e-3
    weight_decay: float = 0.1
    language: float = 0.5
    vocabulary: int = 1024
    width: int = 64
    layers: int = 1
    dropout: float = 0.2
    spiking: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("fold", 0 <= self.fold < FOLDS, f"a whole number from 0 to {FOLDS - 1}")
        self.require_counts("epochs", "batch", "width", "layers")
        self.require("vocabulary", self.vocabulary >= 256, "a whole number >= 256")
        self.require("learning_rate", self.learning_rate > 0, "a number > 0")
        for name in ("weight_decay", "language"):
            self.require(name, getattr(self, name) >= 0, "a number >= 0")
        self.require("dropout", 0 <= self.dropout < 1, "a share from 0 to below 1")


class Sentences(NamedTuple):
    """Sentences and their classes, 1 for praise.

    Attributes:
        words: the sentences.
        labels: their classes [sentences].
    """

    words: list[str]
    labels: Int64Array


class Reader(nn.Module):
    """A language model, and the class of a text by the mean of what its head hears.

        class scores = W dropout(mean over tokens of y) + b

    Args:
        model: language model.
        size: C of y [T, B, C].
        dropout: of the means, in training.
    """

    def __init__(self, model: nn.Module, size: int, dropout: float) -> None:
        super().__init__()
        self.model, self.dropout = model, dropout
        self.classes = nn.Linear(size, 2)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return class scores [B, 2] and logits of the next token [T, B, V]."""
        y, logits = hidden(self.model, tokens)
        mean = F.dropout(mean_over(y, lengths), self.dropout, self.training)
        return self.classes(mean), logits


def split(settings: Settings) -> dict[str, Sentences]:
    """Sentences by "train", "validation" and "test"; folds follow from the seed.

    Raises:
        ValueError: the sentences are not there, or not whole.
    """
    try:
        words, labels = texts.movie_reviews()
    except (OSError, ValueError) as error:
        raise RecipeError(str(error)) from error
    order = np.random.default_rng((settings.seed, 0)).permutation(len(words))
    tenths = np.array_split(order, FOLDS)
    test = tenths[settings.fold]
    validation = tenths[(settings.fold + 1) % FOLDS]
    train = np.setdiff1d(order, np.concatenate([test, validation]))
    classes = np.array(labels, np.int64)
    return {
        name: Sentences([words[i] for i in chosen], classes[chosen])
        for name, chosen in (("train", train), ("validation", validation), ("test", test))
    }


def build(settings: Settings, train: Sentences) -> tuple[Reader, texts.Tokenizer]:
    """The reader before training, and its tokenizer.

    Raises:
        ValueError: there is no run in the folder that was named.
        ImportError: without the extra ``text`` for a model that is begun anew.
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        if settings.run:
            from axonal.recipes._writing import load_language_model

            model, tokenizer, own = load_language_model(settings.run)
            return Reader(model, own.width, settings.dropout), tokenizer
        tokenizer = texts.BPE.train(train.words, settings.vocabulary)
        model = neuro.SpikeGPT(
            tokenizer.size,
            size=settings.width,
            layers=settings.layers,
            dropout=settings.dropout,
            spiking=settings.spiking,
        )
        return Reader(model, settings.width, settings.dropout), tokenizer


def learn(settings: Settings, parts: Parts) -> Learned:
    """Train on nine tenths less a tenth, and test on the one left; see `Settings`."""
    found = split(settings)
    reader, tokenizer = build(settings, found["train"])

    def make(report: Any) -> Any:
        train(reader, tokenizer, found["train"], settings, report)
        return {name: value.numpy() for name, value in reader.state_dict().items()}

    arrays = parts.get(PART, make)
    reader.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()})
    results = {
        f"{part}_accuracy": accuracy(reader, tokenizer, found[part])
        for part in ("validation", "test")
    }
    counts = {name: len(part.words) for name, part in found.items()}
    return Learned(arrays, {**results, "sentences": counts, "tokenizer": tokenizer.settings()})


def train(
    reader: Reader,
    tokenizer: texts.Tokenizer,
    sentences: Sentences,
    settings: Settings,
    report: Any,
) -> None:
    """Train a reader; every update is a function of the seed and its number.

    Raises:
        ValueError: for a loss that is no number.
    """
    adam = torch.optim.AdamW(
        reader.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    whole = [b for epoch in range(settings.epochs) for b in _batches(sentences, settings, epoch)]
    reader.train()
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        for update, chosen in enumerate(whole):
            for group in adam.param_groups:
                rise = min((update + 1) / 20, 1.0)
                fall = 0.5 * (1 + np.cos(np.pi * update / len(whole)))
                group["lr"] = settings.learning_rate * rise * fall
            tokens, lengths = beside(tokenizer, [sentences.words[i] for i in chosen])
            scores, logits = reader(tokens, lengths)
            loss = F.cross_entropy(scores, torch.from_numpy(sentences.labels[chosen]))
            told = torch.arange(len(tokens) - 1)[:, None] < lengths - 1
            if settings.language and bool(told.any()):
                loss = loss + settings.language * F.cross_entropy(
                    logits[:-1][told], tokens[1:][told]
                )
            if not bool(loss.isfinite()):
                raise RecipeError(
                    f"the loss is no number any more after {update} updates: write a smaller "
                    "--learning-rate."
                )
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            adam.step()
            report((update + 1) / len(whole))
    reader.eval()


def _batches(sentences: Sentences, settings: Settings, epoch: int) -> Iterator[Int64Array]:
    """Batches of similar lengths, in an order of the epoch's own."""
    rng = np.random.default_rng((settings.seed, 1, epoch))
    lengths = np.array([len(words) for words in sentences.words])
    order = np.argsort(lengths * rng.uniform(0.9, 1.1, len(lengths)), kind="stable")
    count = -(-len(order) // settings.batch)
    batches = np.array_split(order, count)
    for place in rng.permutation(count):
        yield batches[place]


@torch.no_grad()
def accuracy(reader: Reader, tokenizer: texts.Tokenizer, sentences: Sentences) -> float:
    """Share of sentences whose class is found."""
    reader.eval()
    order = np.argsort([len(words) for words in sentences.words], kind="stable")
    right = 0
    for chosen in np.array_split(order, max(len(order) // 64, 1)):
        tokens, lengths = beside(tokenizer, [sentences.words[i] for i in chosen])
        told = reader(tokens, lengths)[0].argmax(-1).numpy()
        right += int((told == sentences.labels[chosen]).sum())
    return right / len(order)
