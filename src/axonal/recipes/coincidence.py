"""The lag between two groups of inputs as the class: a task for delays, or for memory.

Both groups fire volleys with a common period; the class is the lag from one to the other. The
phase of the first is uniform and time is circular, so that each group alone, and all counts, are
the same for every class: only the relative timing tells them apart (systems of this kind:
Hammouamri et al., ICLR 2024, arXiv 2306.17670).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from axonal import neuro
from axonal.recipes import _settings
from axonal.recipes._samples import Rasters, Samples

ARMS = ("learned", "fixed", "none")
# Any whole numbers that differ: they keep the random streams of the splits apart.
STREAMS = {"train": 11, "validation": 12, "test": 13}


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Most spikes of a volley are needed to tell it from the background, so that a neuron has to bring
    many inputs together in one step: delays drawn at random seldom do.

    The arms without learned delays get more hidden neurons, so that no arm trains more numbers than
    another: H (2 N + C + 2) for ``hidden`` neurons with learned delays, N inputs and C classes, and
    H' (N + C + 2) for the others, with H' rounded up in their favour.

    Args:
        arm: "learned", "fixed" (random whole delays that stay) or "none" (no delays).
        classes: number of lags, spread evenly from ``shortest_lag`` to ``longest_lag``.
        shortest_lag: steps.
        longest_lag: steps, below ``period``.
        period: steps between the volleys of a group.
        cycles: volleys of each group in a sample.
        channels: inputs in each group.
        lost: share of the spikes of a volley that are missing.
        background: spikes per step and input that belong to no volley.
        samples: training samples; as many are drawn for validation and test.
        hidden: spiking neurons of the arm with learned delays.
        max_delay: longest delay in steps; as many silent steps follow each sample.
        tau: membrane time constant of the neurons in steps, >= 1; 1.005 keeps nothing to the next
            step.

    >>> [Settings(arm=arm, classes=4).width for arm in ("learned", "fixed", "none")]
    [8, 15, 15]
    """

    arm: str = "learned"
    epochs: int = 24
    learning_rate: float = 0.02
    delay_rate: float = 0.3
    sigma: float | None = 8.0
    readout: str = "max_over_time"
    classes: int = 4
    shortest_lag: int = 5
    longest_lag: int = 20
    period: int = 25
    cycles: int = 2
    channels: int = 16
    lost: float = 0.4
    background: float = 0.04
    samples: int = 2048
    hidden: int = 8
    max_delay: int = 20
    tau: float = 1.005

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in ARMS, f"one of {', '.join(ARMS)}")
        self.require_counts("cycles", "channels", "samples", "hidden")
        for name in ("shortest_lag", "max_delay"):
            self.require(name, getattr(self, name) >= 0, "a whole number of steps >= 0")
        self.require(
            "longest_lag",
            self.shortest_lag <= self.longest_lag < self.period,
            "steps from shortest_lag to below period",
        )
        most = self.longest_lag - self.shortest_lag + 1
        self.require("classes", 2 <= self.classes <= most, f"2 to {most} lags")
        for name in ("lost", "background"):
            self.require(name, 0 <= getattr(self, name) < 1, "a share from 0 to below 1")
        self.require_tau("tau", least=1)

    @property
    def inputs(self) -> int:
        """Inputs N of both groups."""
        return 2 * self.channels

    @property
    def lags(self) -> list[int]:
        """Lag of each class in steps."""
        return [round(x) for x in np.linspace(self.shortest_lag, self.longest_lag, self.classes)]

    @property
    def width(self) -> int:
        """Hidden neurons of this arm."""
        if self.arm == "learned":
            return self.hidden
        rest = self.classes + 2
        return -(-self.hidden * (2 * self.inputs + rest) // (self.inputs + rest))


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test", drawn with the seed.

    >>> data(Settings(samples=10))["test"].dense([0, 1]).shape
    (70, 2, 32)
    """
    return {split: draw(settings, split) for split in STREAMS}


def draw(settings: Settings, split: str) -> Rasters:
    """Draw the samples of one split."""
    rng = np.random.default_rng((settings.seed, STREAMS[split]))
    n, steps = settings.samples, settings.period * settings.cycles
    labels = rng.permutation(np.arange(n) % settings.classes).astype(np.int64)
    phase = rng.integers(0, settings.period, n)
    lag = np.array(settings.lags)[labels]
    start = np.stack([phase, phase + lag], -1).repeat(settings.channels, -1)
    shape = (settings.cycles, n, settings.inputs)
    cycle = np.arange(settings.cycles).reshape(-1, 1, 1) * settings.period
    times = (start + cycle) % steps
    kept = rng.random(shape) >= settings.lost
    spikes = np.zeros((steps + settings.max_delay, n, settings.inputs), np.uint8)
    spikes[:steps] = rng.random((steps, n, settings.inputs)) < settings.background
    _, sample, channel = np.nonzero(kept)
    spikes[times[kept], sample, channel] = 1
    return Rasters(spikes, labels)


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> build(Settings(arm="none"))["delays"].max_delay
    0
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.Sequential(
            {
                "delays": _connections(settings),
                "norm": neuro.BatchNorm(settings.width),
                "hidden": neuro.LIF(
                    settings.width,
                    settings.tau,
                    decay="euler",
                    surrogate=neuro.ATan(2),
                ),
                "weights": neuro.Linear(settings.width, settings.classes, bias=False),
                # as memoryless as the neurons: one that remembers could time the volleys itself
                "readout": neuro.LeakyIntegrator(settings.classes, 1.005, decay="euler"),
            }
        )


def _connections(settings: Settings) -> neuro.DelayedLinear:
    longest = 0 if settings.arm == "none" else settings.max_delay
    kernel = "gaussian" if settings.arm == "learned" else "one-tap"
    layer = neuro.DelayedLinear(settings.inputs, settings.width, longest, kernel=kernel)
    with torch.no_grad():
        # a detector of coincidences adds its inputs; from mixed signs it is found less often
        layer.weight.abs_()
    return layer
