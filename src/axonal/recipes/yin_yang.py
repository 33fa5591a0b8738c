"""Points of the Yin-Yang figure, told by the times of five spikes, with exact gradients.

The data set is that of Kriener, Göltz and Petrovici, 2021 (arXiv 2102.08211), generated here. A
network of time-to-first-spike neurons reads it, trained by the gradient of its spike times.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from axonal import neuro
from axonal.neuro.event_driven import ENGINES
from axonal.recipes import _settings
from axonal.recipes._comparison import Arm, Comparison

ARMS = ("learned", "fixed", "none")
# Any whole numbers that differ: they keep the random streams of the splits apart.
STREAMS = {"train": 21, "validation": 22, "test": 23}
INPUTS, CLASSES = 5, 3
DISC, EYE = 0.5, 0.1
"""Radii of the whole figure and of its two eyes, whose centres are half a radius from its own."""
MILLISECONDS = 1e3


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Times are milliseconds here and steps of ``dt`` in the network. The engine "exact" knows no
    steps; ``dt`` then decides only what is exported.

    H neurons with delays train 2 H (N + C) numbers, others H' (N + C): arms without learned delays
    get H' = 2 H, so that all train as many.

    Args:
        arm: "learned", "fixed" (random delays that stay) or "none" (no delays).
        engine: "exact", "eventprop" or "surrogate", see `neuro.EventLIF`.
        samples: training points; a fifth as many are drawn for validation and test.
        hidden: neurons of the arm with learned delays.
        latest: time of the latest input spike, > 0.
        length: of a sample; later spikes are left out.
        tau: membrane time constant, > 0.
        tau_synapse: synaptic time constant, > 0.
        max_delay: longest delay.
        longest_first_delay: delays begin uniform from 0 to here.
        lead: time by which the right output must lead for a ratio of e in the loss.
        wake: added to the weights of neurons that stayed silent.
        wake_every: updates after which silence is looked at.
        largest_gradient: norm that the gradient of an update is cut to.

    >>> [Settings(arm=arm).width for arm in ("learned", "fixed", "none")]
    [120, 240, 240]
    """

    arm: str = "learned"
    engine: str = "exact"
    epochs: int = 30
    batch: int = 100
    learning_rate: float = 2e-3
    delay_rate: float = 0.2
    freeze_from: float = 1.0
    readout: str = "first_spike"
    dt: float = 1e-4
    samples: int = 5000
    hidden: int = 120
    latest: float = 30.0
    length: float = 60.0
    tau: float = 20.0
    tau_synapse: float = 10.0
    max_delay: float = 40.0
    longest_first_delay: float = 10.0
    lead: float = 0.5
    wake: float = 0.02
    wake_every: int = 50
    largest_gradient: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in ARMS, f"one of {', '.join(ARMS)}")
        self.require("engine", self.engine in ENGINES, f"one of {', '.join(ENGINES)}")
        self.require_counts("samples", "hidden", "wake_every")
        for name in ("latest", "tau", "tau_synapse", "lead", "largest_gradient"):
            self.require(name, getattr(self, name) > 0, "a number > 0")
        self.require("length", self.length >= self.latest, "milliseconds, as many as latest")
        self.require("wake", self.wake >= 0, "a number >= 0")
        self.require("max_delay", self.max_delay >= 0, "milliseconds >= 0")
        fine = 0 <= self.longest_first_delay <= self.max_delay
        self.require("longest_first_delay", fine, "milliseconds from 0 to max_delay")

    @property
    def width(self) -> int:
        """Hidden neurons of this arm."""
        return self.hidden if self.arm == "learned" else 2 * self.hidden

    def steps(self, milliseconds: float) -> float:
        """A time in steps of ``dt``."""
        return milliseconds / (self.dt * MILLISECONDS)

    @property
    def loss_options(self) -> dict[str, float]:
        """What the loss takes besides spikes and classes."""
        return {"scale": self.steps(self.lead)} if self.readout == "first_spike" else {}


COMPARISON = Comparison(
    arms={
        "none": Arm("no delays, twice the neurons", {"arm": "none"}),
        "fixed": Arm("fixed random delays, twice the neurons", {"arm": "fixed"}),
        "learned": Arm("learned delays", {"arm": "learned"}),
    },
    seeds=(1, 2, 3, 4, 5),  # 0 was that of the prototype that chose the settings
    pairs=(("learned", "none"), ("learned", "fixed"), ("fixed", "none")),
)


@dataclass(frozen=True, eq=False)
class Latencies:
    """Points as the latencies of five spikes each.

    Args:
        times: of every input in steps `[n, N]`.
        labels: class of every point `[n]`.
        duration: of a sample in steps.
    """

    times: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    duration: float

    def __len__(self) -> int:
        return len(self.labels)

    def timed(self, indices: npt.ArrayLike) -> neuro.Events:
        """Events of the chosen samples."""
        chosen = self.times[np.asarray(indices)]
        neurons = [np.arange(chosen.shape[1])] * len(chosen)
        return neuro.Events.of(list(chosen), neurons, chosen.shape[1], self.duration)

    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Rasters `[T, B, N]` of the chosen samples."""
        raster: npt.NDArray[np.float32] = self.timed(indices).to_dense().numpy()
        return raster


def data(settings: Settings) -> Mapping[str, Latencies]:
    """The points by split, "train", "validation" and "test", drawn with the seed.

    >>> found = data(Settings(samples=10))["train"]
    >>> found.timed([0, 1]).times.shape, found.dense([0, 1]).shape
    (torch.Size([2, 5]), (600, 2, 5))
    """
    few = max(1, settings.samples // 5)
    return {
        split: draw(settings, split, settings.samples if split == "train" else few)
        for split in STREAMS
    }


def draw(settings: Settings, split: str, samples: int) -> Latencies:
    """Draw points of equally likely classes and give their coordinates as latencies.

    The inputs are x, y, 1 - x and 1 - y in [0, 1], from time 0 to ``latest``, and one spike at 0.
    """
    rng = np.random.default_rng((settings.seed, STREAMS[split]))
    wanted = rng.integers(0, CLASSES, samples)
    points = np.empty((samples, 2))
    missing = np.arange(samples)
    while len(missing):
        drawn = rng.random((len(missing), 2))
        fits = _classes(drawn) == wanted[missing]
        points[missing[fits]] = drawn[fits]
        missing = missing[~fits]
    latest = settings.steps(settings.latest)
    coordinates = np.concatenate([points, 1 - points, np.zeros((samples, 1))], 1)
    return Latencies(coordinates * latest, wanted, settings.steps(settings.length))


def _classes(points: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Class of points [n, 2] in the unit square: yin 0, yang 1, an eye 2, outside the figure -1."""
    x, y = points.T - DISC
    left, right = np.hypot(x + DISC / 2, y), np.hypot(x - DISC / 2, y)
    yang = (left <= DISC / 2) | ((y > 0) & (right > DISC / 2))
    found = np.where(np.minimum(left, right) < EYE, 2, yang.astype(np.int64))
    return np.where(np.hypot(x, y) > DISC, -1, found)


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings(hidden=4))
    >>> net(torch.zeros(5, 1, 5))[0].shape
    torch.Size([5, 1, 3])
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        hidden = _connections(settings, INPUTS, settings.width, 1.5, 0.8)
        output = _connections(settings, settings.width, CLASSES, 36 / settings.width, 0.2)
        return neuro.Sequential(
            {
                "delays": hidden,
                "hidden": _neurons(settings, settings.width),
                "output_delays": output,
                "output": _neurons(settings, CLASSES),
            }
        )


def _neurons(settings: Settings, size: int) -> neuro.CuBaLIF:
    return neuro.CuBaLIF(
        size,
        settings.steps(settings.tau),
        settings.steps(settings.tau_synapse),
        decay_input=True,
    )


def _connections(
    settings: Settings, inputs: int, outputs: int, mean: float, deviation: float
) -> neuro.DelayedLinear:
    longest = 0 if settings.arm == "none" else math.ceil(settings.steps(settings.max_delay))
    layer = neuro.DelayedLinear(inputs, outputs, longest, kernel="straight-through")
    with torch.no_grad():
        layer.weight.normal_(mean, deviation)
        first = settings.steps(settings.longest_first_delay) if longest else 0.0
        layer.position.uniform_(0, first)
    if settings.arm == "fixed":
        layer.position.requires_grad_(False)
    return layer


def on_grid(net: neuro.Network, settings: Settings, other: Any) -> neuro.Network:
    """The same network in steps of another length: weights as they are, delays in its steps.

    Args:
        net: a trained network.
        settings: its settings.
        other: settings that differ in ``dt``.
    """
    moved = build(other)
    values: dict[str, Tensor] = {
        name: value * (settings.dt / other.dt) if name.endswith("position") else value
        for name, value in net.state_dict().items()
        if name.endswith(("position", "weight"))
    }
    moved.load_state_dict(values, strict=False)
    return moved
