"""Zero-shot retrieval between two modalities through fixed liquids, as one function of settings."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array, Int64Array, UInt8Array
from axonal.datasets import Binned, EventSet, Grid, fsdd, mnist, rate
from axonal.datasets.sets import nmnist
from axonal.recipes import _settings
from axonal.recipes._errors import RecipeError
from axonal.reservoirs import ResistiveDevice, ResistiveLiquid, ZeroShot

TASKS = {
    "speech": "spoken digits ask for event recordings",
    "pictures": "pictures of digits ask for event recordings",
}
ARMS = ("fixed", "trained", "relu", "raw", "shuffled")
DIGITS = 10
PER_CLASS, TESTED_PICTURES, PICTURE_STEPS = 300, 50, 20
RECORDED_PICTURES = 1000
"""Pictures of MNIST whose recordings may be among those of N-MNIST: they are left out."""
Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.BaseSettings):
    """Settings of the retrieval.

    Args:
        task: "speech" (spoken digits ask for N-MNIST recordings) or "pictures" (MNIST digits do).
        arm: "fixed" (liquids), "trained" (the same liquids, whose weights are trained as well),
            "relu" (random ReLU features of counts), "raw" (square roots of counts) or "shuffled"
            (fixed liquids; each class is paired with another one while training).
        neurons: of each liquid, and number of ReLU features.
        image_scale: deviation of the input weights of recordings; the threshold is 1.
        other_scale: deviation of the input weights of the other modality.
        recurrent_scale: deviation of the recurrent weights of both.
        decay: of the membranes, factor per step.
        temperature: of the loss.
        epochs: passes over the pairs.
        batch: pairs per update.
        learning_rate: of Adam.
        encoder_rate: of liquids that are trained.
        published: loss, pairs and training as :meth:`ZeroShot.published` has them, in the place of
            temperature, epochs, batch and learning rate.
        watch: retrieve after every epoch as well, and select nothing by it.
        crossbars: lay the weights on crossbars of devices with the faults below.
        spread: of the logarithm of a programmed conductance.
        read_noise: of a conductance in each read.
        stuck: share of devices that are stuck, half of them at either end of the window.
        wire_resistance: of a segment of wire, ohm.
    """

    task: str = "speech"
    arm: str = "fixed"
    neurons: int = 200
    image_scale: float = 0.3
    other_scale: float = 0.3
    recurrent_scale: float = 0.05
    decay: float = 0.9
    temperature: float = 0.07
    epochs: int = 10
    batch: int = 256
    learning_rate: float = 5e-3
    encoder_rate: float = 1e-3
    published: bool = False
    watch: bool = False
    crossbars: bool = False
    spread: float = 0.0
    read_noise: float = 0.0
    stuck: float = 0.0
    wire_resistance: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("task", tuple(TASKS)), ("arm", ARMS)):
            self.require(name, getattr(self, name) in known, f"one of {', '.join(known)}")
        self.require_counts("neurons", "epochs", "batch")
        for name in ("temperature", "learning_rate", "image_scale", "other_scale"):
            self.require(name, getattr(self, name) > 0, "a number > 0")
        self.require("decay", 0 <= self.decay <= 1, "a number from 0 to 1")
        if not self.crossbars and any(
            (self.spread, self.read_noise, self.stuck, self.wire_resistance)
        ):
            raise RecipeError("faults are those of crossbars: set crossbars as well.")


class Modality(NamedTuple):
    """Samples of one kind.

    Attributes:
        x: counts of events [T, B, I].
        labels: classes [B].
        tested: samples that are for testing, also where their class is trained on [B].
    """

    x: UInt8Array
    labels: Int64Array
    tested: BoolArray


def learn(settings: Settings, pairs: Sequence[Pair] = ((8, 9),)) -> dict[str, Any]:
    """Train without each pair of classes, and ask for both of them afterwards.

    All samples of a held-out class are for testing. Queries are of the other modality, answers are
    recordings. "seen" is the retrieval of test samples of the classes that were trained on.

    Args:
        settings: of all pairs alike; liquids are the same for all of them.
        pairs: two digits each.

    Returns:
        what JSON can hold: for each pair, named "8-9", the accuracies "unseen" and "seen" with
        their numbers of queries and chances, "interval" of the unseen one, and the last "loss".
        "per_epoch" has the unseen accuracies if they are watched. "rates" of both liquids are
        spikes per neuron and step.

    Raises:
        ValueError: the data are not there, or one is damaged.
    """
    try:
        modalities = _modalities(settings.task)
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    encoded = [_encoded(settings, k, modality) for k, modality in enumerate(modalities)]
    found = {f"{a}-{b}": _retrieved(settings, modalities, encoded, (a, b)) for a, b in pairs}
    rates = [
        float(features.mean() / len(modality.x)) if settings.arm in ("fixed", "shuffled") else None
        for (_, features), modality in zip(encoded, modalities, strict=True)
    ]
    return {"pairs": found, "rates": rates}


def _retrieved(
    settings: Settings, modalities: Sequence[Modality], encoded: Sequence[Any], pair: Pair
) -> dict[str, Any]:
    """Results of one pair of held-out classes."""
    encoders = [encoder for encoder, _ in encoded]
    data = [features for _, features in encoded]
    labels = [modality.labels for modality in modalities]
    held = [np.isin(own, pair) for own in labels]
    learnt = [~m.tested & ~h for m, h in zip(modalities, held, strict=True)]
    seen = [m.tested & ~h for m, h in zip(modalities, held, strict=True)]

    def some(chosen: Sequence[BoolArray]) -> tuple[Any, ...]:
        x = [d[:, c] if d.ndim == 3 else d[c] for d, c in zip(data, chosen, strict=True)]
        return (*x, *(own[c] for own, c in zip(labels, chosen, strict=True)))

    model = _model(settings, encoders)
    first, second, first_labels, second_labels = some(learnt)
    if settings.arm == "shuffled":
        classes = np.unique(second_labels)
        second_labels = np.roll(classes, 1)[np.searchsorted(classes, second_labels)]
    asked, watched = some(held), []

    def ask(epoch: int) -> None:
        watched.append(round(model.evaluate(*asked).accuracy, 4))

    after: Callable[[int], None] | None = ask if settings.watch else None
    model.fit(first, second, first_labels, second_labels, after_epoch=after)
    unseen, known = model.evaluate(*asked), model.evaluate(*some(seen))
    return {
        "unseen": unseen.accuracy,
        "queries": unseen.queries,
        "chance": unseen.chance,
        "interval": unseen.interval,
        "seen": known.accuracy,
        "seen_queries": known.queries,
        "seen_chance": known.chance,
        "loss": round(model.history[-1], 4),
        **({"per_epoch": watched} if watched else {}),
    }


def _model(settings: Settings, encoders: Sequence[Any]) -> ZeroShot:
    if settings.published:
        return ZeroShot.published(encoders, seed=settings.seed)
    return ZeroShot(
        encoders,
        temperature=settings.temperature,
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        encoder_rate=settings.encoder_rate,
        seed=settings.seed,
    )


def _encoded(settings: Settings, side: int, modality: Modality) -> tuple[Any, Any]:
    """The encoder that is left to train, if there is one, and the samples that it takes."""
    counts = modality.x.sum(0, dtype=np.float64)
    if settings.arm == "raw":
        return None, np.sqrt(counts)
    if settings.arm == "relu":
        return None, _random_relu(np.sqrt(counts), settings, side)
    liquid = _liquid(settings, side, modality.x.shape[2])
    if settings.arm == "trained":
        return liquid.trained(), modality.x
    return None, liquid.features(modality.x, seed=settings.seed)


def _random_relu(x: Float64Array, settings: Settings, side: int) -> Float64Array:
    """Features max(0, W x + b) with normal W and b, of inputs with zero mean and unit deviation."""
    rng = np.random.default_rng([settings.seed, side])
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)
    w = rng.standard_normal((x.shape[1], settings.neurons)) / np.sqrt(x.shape[1])
    found: Float64Array = np.maximum(x @ w + rng.standard_normal(settings.neurons), 0.0)
    return found


def _liquid(settings: Settings, side: int, inputs: int) -> ResistiveLiquid:
    options: dict[str, Any] = {}
    if settings.crossbars:
        device = ResistiveDevice(
            spread=settings.spread, read_noise=settings.read_noise,
            stuck_low=settings.stuck / 2, stuck_high=settings.stuck / 2,
        )  # fmt: skip
        options = {"device": device, "wire_resistance": settings.wire_resistance}
    return ResistiveLiquid.random(
        inputs,
        settings.neurons,
        scale=(settings.image_scale, settings.other_scale)[side],
        recurrent_scale=settings.recurrent_scale,
        decay=settings.decay,
        # a liquid of its own for either modality
        seed=2 * settings.seed + side,
        **options,
    )


@functools.lru_cache(1)
def _modalities(task: str) -> tuple[Modality, Modality]:
    """Recordings of N-MNIST, and spoken digits or pictures."""
    return _recordings(), (_spoken() if task == "speech" else _pictures())


def _recordings() -> Modality:
    """Brighter events of the 16 x 16 pixels in the middle, in 50 steps of 6.3 ms."""
    sets, grid = nmnist(), Grid(0.0063, 50)
    middle = slice(9, 25)
    parts = []
    for events in sets.values():
        for few in np.array_split(np.arange(len(events)), -(-len(events) // 100)):
            whole = Binned(events, grid).dense(few).reshape(50, len(few), *events.sensor.shape)
            parts.append(whole[:, :, 1, middle, middle].reshape(50, len(few), -1))
    return _joined(np.concatenate(parts, 1), list(sets.values()))


def _spoken() -> Modality:
    """Spoken digits through the mel front end, in 60 steps of 10 ms; the official test takes."""
    sets = fsdd("mel")
    x = np.concatenate([s.dense(range(len(s))) for s in sets.values()], 1)
    order = [sets[part].events for part in sets]
    return _joined(x, order, tested=list(sets).index("test"))


def _joined(x: Any, sets: Sequence[EventSet], tested: int = 1) -> Modality:
    part = np.repeat(np.arange(len(sets)), [len(events) for events in sets])
    labels = np.concatenate([events.labels for events in sets])
    return Modality(np.minimum(x, 255).astype(np.uint8), labels, part == tested)


def _pictures() -> Modality:
    """Digits of MNIST at half the resolution as rates, none of which N-MNIST's samples show."""
    pictures, labels = mnist("train")
    pictures, labels = pictures[RECORDED_PICTURES:], labels[RECORDED_PICTURES:]
    chosen = np.concatenate([np.flatnonzero(labels == d)[:PER_CLASS] for d in range(DIGITS)])
    half = pictures[chosen].reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(len(chosen), -1)
    x = rate(half / 255, PICTURE_STEPS, rng=np.random.default_rng(0)).astype(np.uint8)
    tested = np.arange(len(chosen)) % PER_CLASS < TESTED_PICTURES
    return Modality(x, labels[chosen], tested)
