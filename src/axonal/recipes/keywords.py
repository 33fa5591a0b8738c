"""Spoken words, read by LMUFormer, its spiking form or event-based gated units of equal size.

LMUFormers are those of Liu, Datta, Li and Beerel, ICLR 2024 (arXiv 2402.04882), here causal and
small, and with a front end of send-on-delta events in place of filter banks. The delay networks of
the recipe ``spoken-digits`` hear the same events.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch

from axonal import neuro
from axonal.datasets import Binned, Grid, MelDelta, fsdd
from axonal.datasets.sets import gsc
from axonal.recipes import _settings
from axonal.recipes._comparison import Arm, Comparison
from axonal.recipes._errors import RecipeError
from axonal.recipes._feed import Feed
from axonal.recipes._samples import Samples

WORDS = {"digits": 10, "commands": 35}
CHANNELS = 80
SPLITS = ("official", "speaker")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Every arm has the largest width that trains no more numbers than ``parameters``, whose default
    is the number of the delay network of ``spoken-digits``.

    Args:
        arm: "lmuformer", "spiking-lmuformer" or "egru".
        words: "digits" (the Free Spoken Digit Dataset) or "commands" (Speech Commands, whose folder
            has to be there).
        split: of the digits, "official" or "speaker" (lucas and theo are for testing only).
        parameters: most numbers that are trained.
        steps: length of a sample in steps of ``dt``; what comes later is left out.
        order: numbers of a Legendre memory.
        theta: steps that it holds.
        threshold_mean: mean of the thresholds of EGRU at the start, above 0 and below 1.
        activity: strength of the penalty on the activity of EGRU.
        activity_rate: events per unit and step that it pulls towards.
        trace: time constant in steps of the trace of EGRU's output, 1 for the output itself.
        largest_gradient: norm that the gradient of an update is cut to.

    >>> [Settings(arm=arm).width for arm in ARMS]
    [18, 18, 36]
    """

    arm: str = "lmuformer"
    epochs: int = 20
    batch: int = 32
    learning_rate: float = 5e-3
    freeze_from: float = 1.0
    dt: float = 0.01
    words: str = "digits"
    split: str = "official"
    parameters: int = 13_440
    steps: int = 60
    order: int = 32
    theta: float = 60.0
    threshold_mean: float = 0.3
    activity: float = 0.01
    activity_rate: float = 0.05
    trace: float = 1.0
    largest_gradient: float = 1.0

    ADDED: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        super().__post_init__()
        known = {"arm": tuple(ARMS), "words": tuple(WORDS), "split": SPLITS}
        for name, values in known.items():
            self.require(name, getattr(self, name) in values, f"one of {', '.join(values)}")
        self.require_counts("steps")
        self.require("order", 1 <= self.order <= self.theta, "a whole number from 1 to theta")
        fine = 0 < self.threshold_mean < 1
        self.require("threshold_mean", fine, "a number above 0 and below 1")
        self.require("activity", self.activity >= 0, "a number >= 0")
        self.require("activity_rate", 0 <= self.activity_rate <= 1, "a share from 0 to 1")
        for name in ("trace", "theta"):
            self.require_tau(name, least=1)
        self.require("largest_gradient", self.largest_gradient > 0, "a number > 0")
        least = trained(self, 1)
        self.require("parameters", self.parameters >= least, f"a whole number >= {least}")

    @property
    def classes(self) -> int:
        """Number of words."""
        return WORDS[self.words]

    @property
    def width(self) -> int:
        """Largest width that trains no more than ``parameters`` numbers."""
        width = 1
        while trained(self, width + 1) <= self.parameters:
            width += 1
        return width


def trained(settings: Settings, width: int) -> int:
    """Count the numbers that an arm of some width trains."""
    n, q = width, settings.order
    readout = settings.classes * (n + 1)
    if settings.arm == "egru":
        return readout + 3 * n * (CHANNELS + n) + 7 * n
    hear, tell, narrow = n + 1, (q + n + 1) * n, 4 * n * n + n
    shared = 3 * CHANNELS * n + 12 * n * n + hear + tell + (n * n + n) + 4 * (n * n + n) + narrow
    # two numbers per channel of a norm: of all convolutions, of what is projected, wide and narrow
    norms = 8 * n + 2 * n + 8 * n + 2 * n
    if settings.arm == "spiking-lmuformer":
        norms = 8 * n + 2 * n + 2 + 2 * q + 2 * n + 2 * n + 2 * n + 8 * n + 2 * n
    return readout + shared + norms


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test"; the same for every seed.

    Raises:
        ValueError: the recordings are not there, or not whole.
    """
    try:
        if settings.words == "digits":
            return fsdd(dt=settings.dt, steps=settings.steps, split=settings.split)
        grid = Grid(settings.dt, settings.steps)
        return {part: Binned(events, grid) for part, events in gsc().items()}
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error


def feed(settings: Settings) -> Feed:
    """Steps of a sound, as the samples of the recordings are made.

    >>> feed(Settings()).rate, feed(Settings(words="commands")).rate
    (8000, 16000)
    """
    ear = MelDelta() if settings.words == "digits" else MelDelta(rate=16_000, highest=7800)
    return Feed.ear(ear, settings.dt, classes=DIGITS if settings.words == "digits" else ())


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings(parameters=3000))
    >>> net(torch.zeros(60, 1, 80))[0].shape
    torch.Size([60, 1, 10])
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return ARMS[settings.arm](settings)


def _lmuformer(settings: Settings) -> neuro.Network:
    return neuro.LMUFormer(
        CHANNELS,
        settings.classes,
        width=settings.width,
        order=settings.order,
        theta=settings.theta,
    )


def _spiking_lmuformer(settings: Settings) -> neuro.Network:
    return neuro.SpikingLMUFormer(
        CHANNELS,
        settings.classes,
        width=settings.width,
        order=settings.order,
        theta=settings.theta,
    )


def _egru(settings: Settings) -> neuro.Network:
    width = settings.width
    units = neuro.EGRU(CHANNELS, width, threshold_mean=settings.threshold_mean)
    trace = neuro.LeakyIntegrator(width, settings.trace, decay="euler", decay_input=True)
    return neuro.Sequential(
        {"hidden": units, "trace": trace, "weights": neuro.Linear(width, settings.classes)}
    )


ARMS: dict[str, Callable[[Settings], neuro.Network]] = {
    "lmuformer": _lmuformer,
    "spiking-lmuformer": _spiking_lmuformer,
    "egru": _egru,
}
COMPARISON = Comparison(
    arms={
        "lmuformer": Arm("LMUFormer", {"arm": "lmuformer"}),
        "spiking-lmuformer": Arm(
            "spiking LMUFormer", {"arm": "spiking-lmuformer", "learning_rate": 0.04}
        ),
        "egru": Arm("EGRU", {"arm": "egru", "learning_rate": 0.01, "readout": "max_over_time"}),
    },
    seeds=(3, 4, 5, 6, 7),  # those of spoken-digits
    pairs=(("spiking-lmuformer", "lmuformer"), ("egru", "lmuformer")),
    over="split",
    tables={"official": "official split", "speaker": "lucas and theo held out"},
)
