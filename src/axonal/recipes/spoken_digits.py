"""Spoken digits, read by two hidden layers with delays before each: a real task in time.

The shape of network, neuron, loss and schedule follow Hammouamri et al., ICLR 2024 (arXiv
2306.17670), who trained larger ones on the Heidelberg digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch

from axonal import datasets, neuro
from axonal.recipes import _settings
from axonal.recipes._comparison import Arm, Comparison
from axonal.recipes._errors import RecipeError
from axonal.recipes._feed import Feed
from axonal.recipes._samples import Padded, Samples

ARMS = ("learned", "fixed", "none")
EQUAL = ("width", "parameters")
CHANNELS = {"mel": 80, "gammatone": 64, "quantiles": 40}
KERNELS = ("gaussian", "straight-through")
NETWORKS = ("normed", "current-based")
SPLITS = ("official", "speaker")
CLASSES = 10
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    With H neurons in each hidden layer, N inputs and C classes there are S = H (N + H + C)
    synapses; trained are S weights, 4 H numbers of the norms and, in the arm "learned", S delays.
    With ``equal="parameters"`` the other arms get the smallest width that trains at least as many
    numbers, so that rounding is in their favour.

    Args:
        arm: "learned", "fixed" (random whole delays that stay) or "none" (no delays).
        equal: what the arms share: "width" or trained "parameters".
        hidden: neurons in each of the two hidden layers of the arm "learned".
        front_end: "mel", "gammatone" or "quantiles".
        split: "official" or "speaker" (lucas and theo are for testing only).
        steps: length of a sample in steps of ``dt``; what comes later is left out.
        silence: silent steps after each sample, in which delayed spikes still arrive.
        max_delay: longest delay of each of the three connections in steps.
        weights: "float", or "ternary" for synapses of -1, 0 and 1 with one scale per connection.
        kernel: of the delays that are learned, until they are frozen: "gaussian", or
            "straight-through", which runs whole steps from the first update on.
        tau: time constant of neurons and readout in steps, >= 1; 1.005 keeps nothing to the next
            step.
        dropout: share of the hidden neurons that training silences for a whole sample.
        network: "normed" (two hidden layers with norms) or "current-based" (one hidden layer of
            neurons with a synaptic current and no norm, which exact gradients are known of).
        engine: "surrogate", or "eventprop" for the exact adjoint on the grid of steps, of the
            network "current-based" with delays "straight-through".
        tau_synapse: time constant of the synaptic currents of "current-based" in steps.
        sharpness: potentials are multiplied by it in the loss.
        wake: added to the weights of neurons that stayed silent, by the engine "eventprop".
        wake_every: updates after which silence is looked at.

    >>> [Settings(arm=arm, equal="parameters").width for arm in ("learned", "fixed", "none")]
    [48, 79, 79]
    """

    arm: str = "learned"
    equal: str = "width"
    epochs: int = 15
    learning_rate: float = 0.01
    delay_rate: float = 0.1
    weight_decay: float = 1e-5
    narrow_until: float = 0.4
    readout: str = "summed_softmax"
    dt: float = 0.01
    hidden: int = 48
    front_end: str = "mel"
    split: str = "official"
    steps: int = 60
    silence: int = 36
    max_delay: int = 24
    kernel: str = "gaussian"
    tau: float = 1.005
    dropout: float = 0.1
    network: str = "normed"
    engine: str = "surrogate"
    tau_synapse: float = 5.0
    sharpness: float = 1.0
    wake: float = 0.0
    wake_every: int = 40
    weights: str = "float"

    ADDED: ClassVar[frozenset[str]] = frozenset(
        {"network", "engine", "tau_synapse", "sharpness", "wake", "wake_every", "weights"}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        known = {
            "arm": ARMS,
            "equal": EQUAL,
            "front_end": tuple(CHANNELS),
            "split": SPLITS,
            "kernel": KERNELS,
            "network": NETWORKS,
            "weights": ("float", "ternary"),
            "engine": ("surrogate", "eventprop"),
        }
        for name, values in known.items():
            self.require(name, getattr(self, name) in values, f"one of {', '.join(values)}")
        self.require_counts("hidden", "steps")
        for name in ("silence", "max_delay"):
            self.require(name, getattr(self, name) >= 0, "a whole number of steps >= 0")
        self.require_tau("tau", least=1)
        self.require_tau("tau_synapse", least=1)
        self.require("dropout", 0 <= self.dropout < 1, "a share from 0 to below 1")
        self.require("sharpness", self.sharpness > 0, "a number > 0")
        self.require("wake", self.wake >= 0, "a number >= 0")
        self.require_counts("wake_every")
        fine = self.network == "current-based" and self.kernel == "straight-through"
        self.require(
            "engine",
            self.engine == "surrogate" or fine,
            "surrogate, or eventprop with --network current-based --kernel straight-through",
        )

    @property
    def inputs(self) -> int:
        """Inputs N."""
        return CHANNELS[self.front_end]

    @property
    def width(self) -> int:
        """Neurons in each hidden layer of this arm."""
        if self.arm == "learned" or self.equal == "width":
            return self.hidden
        wanted = self._trained(self.hidden, numbers_a_synapse=2)
        return next(
            width
            for width in range(self.hidden, 2 * self.hidden + 1)
            if self._trained(width, numbers_a_synapse=1) >= wanted
        )

    def _trained(self, width: int, numbers_a_synapse: int) -> int:
        synapses = width * (self.inputs + width + CLASSES)
        return numbers_a_synapse * synapses + 4 * width


LONG = 5.0  # steps
COMPARISON = Comparison(
    arms={
        "none": Arm("none", {"arm": "none"}),
        "fixed": Arm("fixed random", {"arm": "fixed"}),
        "learned": Arm("learned, rounded at the end", {"arm": "learned", "freeze_from": 1.0}),
        "frozen": Arm("learned, rounded and frozen for the last third", {"arm": "learned"}),
        "none, equal": Arm("none, more neurons", {"arm": "none", "equal": "parameters"}),
        "fixed, equal": Arm("fixed random, more neurons", {"arm": "fixed", "equal": "parameters"}),
        "none, long": Arm(
            f"none, more neurons, membrane of {LONG:g} steps",
            {"arm": "none", "equal": "parameters", "tau": LONG},
        ),
    },
    seeds=(3, 4, 5, 6, 7),  # 0 to 2 were those of the prototype that chose the protocol
    pairs=(
        ("frozen", "fixed"),
        ("fixed", "none"),
        ("learned", "fixed"),
        ("frozen", "learned"),
        ("frozen", "fixed, equal"),
        ("fixed, equal", "none, equal"),
        ("frozen", "none, long"),
    ),
    orders={
        "at equal width": (("learned", "frozen"), ("fixed", "fixed"), ("none", "none")),
        "at equal numbers of trained parameters": (
            ("learned", "frozen"),
            ("fixed", "fixed, equal"),
            ("none", "none, equal"),
        ),
    },
    over="split",
    tables={"official": "official split", "speaker": "lucas and theo held out"},
)


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test"; the same for every seed.

    Raises:
        ValueError: the recordings are not there, or not whole.
    """
    try:
        found = datasets.fsdd(
            settings.front_end, dt=settings.dt, steps=settings.steps, split=settings.split
        )
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    return {part: Padded(samples, settings.silence) for part, samples in found.items()}


def feed(settings: Settings) -> Feed:
    """Steps of a sound, as the samples of the recordings are made.

    Raises:
        ValueError: the front end "quantiles", which needs the whole of a sound.

    >>> feed(Settings()).rate
    8000
    """
    if settings.front_end == "quantiles":
        raise RecipeError(
            "the front end quantiles tells the shares of a whole sound, which a stream does not "
            "know: train with --front-end mel or gammatone to stream."
        )
    ear = datasets.MelDelta() if settings.front_end == "mel" else datasets.HairCells()
    return Feed.ear(ear, settings.dt, silence=settings.silence, classes=DIGITS)


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings(hidden=4))
    >>> net(torch.zeros(96, 1, 80))[0].shape
    torch.Size([96, 1, 10])
    """
    if settings.network == "current-based":
        return _current_based(settings)
    width = settings.width
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.Sequential(
            {
                "delays1": _connections(settings, settings.inputs, width),
                "norm1": neuro.BatchNorm(width),
                "hidden1": _neurons(settings, width),
                "dropout1": neuro.Dropout(settings.dropout, same_over_time=True),
                "delays2": _connections(settings, width, width),
                "norm2": neuro.BatchNorm(width),
                "hidden2": _neurons(settings, width),
                "dropout2": neuro.Dropout(settings.dropout, same_over_time=True),
                "delays3": _connections(settings, width, CLASSES),
                "readout": neuro.LeakyIntegrator(CLASSES, settings.tau, decay="euler"),
            }
        )


def _current_based(settings: Settings) -> neuro.Network:
    """One hidden layer whose neurons and readout have currents of their own."""
    width, taus = settings.width, (settings.tau, settings.tau_synapse)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        delays1 = _connections(settings, settings.inputs, width)
        delays2 = _connections(settings, width, CLASSES)
        with torch.no_grad():
            delays1.weight.normal_(0.02, 0.05)
            delays2.weight.normal_(0, 0.5)
        return neuro.Sequential(
            {
                "delays1": delays1,
                "hidden1": neuro.CuBaLIF(width, *taus, decay_input=True, surrogate=neuro.ATan(2)),
                "delays2": delays2,
                "current": neuro.LeakyIntegrator(CLASSES, settings.tau_synapse),
                "readout": neuro.LeakyIntegrator(CLASSES, settings.tau, decay_input=True),
            }
        )


def _connections(settings: Settings, inputs: int, outputs: int) -> neuro.DelayedLinear:
    longest = 0 if settings.arm == "none" else settings.max_delay
    kernel = settings.kernel if settings.arm == "learned" else "one-tap"
    return neuro.DelayedLinear(inputs, outputs, longest, kernel=kernel, weights=settings.weights)


def _neurons(settings: Settings, width: int) -> neuro.LIF:
    return neuro.LIF(width, settings.tau, decay="euler", surrogate=neuro.ATan(5))
