"""Pixels of MNIST in a fixed random order, read by spiking and Legendre memories of equal size.

The task is that of Le, Jaitly and Hinton, arXiv 1504.00941, 2015, with images of 14 x 14; that a
spiking Legendre memory lies between spiking neurons alone and a memory of numbers is what Liu,
Datta, Li and Beerel, ICLR 2024 (arXiv 2402.04882), found with 784 steps.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch

from axonal import neuro
from axonal.recipes import _sequential, _settings
from axonal.recipes._comparison import Arm, Comparison
from axonal.recipes._samples import Samples

CLASSES, STEPS = _sequential.CLASSES, _sequential.PIXELS


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Every arm has the largest width that trains no more numbers than ``parameters``.

    Args:
        arm: "lif" (leaky neurons that hear each other a step later), "delays" (the same with
            a learned delay per connection), "spiking-lmu", "lmu" or "lmuformer".
        permuted: show the pixels in the order of ``datasets.sets.permutation(0, 196)``.
        parameters: most numbers that are trained.
        samples: training images, the first ones of MNIST.
        validated: images of validation, the last ones of the training set.
        tested: test images, the first ones of MNIST.
        order: numbers of a Legendre memory.
        theta: steps that it holds.
        fastest: shortest membrane time constant of "lif" and "delays" in steps.
        slowest: longest membrane time constant of these.
        least_delay: shortest delay of "delays" in steps.
        most_delay: longest delay of these.
        tau_readout: time constant of the readout in steps; its value at the last step counts.
        largest_gradient: norm that the gradient of an update is cut to.

    >>> [Settings(arm=arm).width for arm in ARMS]
    [120, 86, 110, 114, 23]
    """

    arm: str = "lmu"
    epochs: int = 6
    batch: int = 128
    learning_rate: float = 4e-3
    delay_rate: float = 0.1
    readout: str = "last_step"
    permuted: bool = True
    parameters: int = 16_000
    samples: int = 55_000
    validated: int = 5_000
    tested: int = 10_000
    order: int = 128
    theta: float = 196.0
    fastest: float = 5.0
    slowest: float = 200.0
    least_delay: int = 8
    most_delay: int = 32
    tau_readout: float = 50.0
    largest_gradient: float = 1.0

    ADDED: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in ARMS, f"one of {', '.join(ARMS)}")
        _sequential.require_sizes(self)
        self.require("order", 1 <= self.order <= self.theta, "a whole number from 1 to theta")
        for name in ("fastest", "slowest", "tau_readout", "theta"):
            self.require_tau(name, least=1)
        self.require("slowest", self.slowest >= self.fastest, "steps, as many as fastest or more")
        self.require("least_delay", self.least_delay >= 1, "a whole number of steps >= 1")
        fine = self.most_delay >= self.least_delay
        self.require("most_delay", fine, "a whole number of steps, least_delay or more")
        self.require("largest_gradient", self.largest_gradient > 0, "a number > 0")
        least = trained(self, 1)
        self.require("parameters", self.parameters >= least, f"a whole number >= {least}")

    @property
    def width(self) -> int:
        """Largest width that trains no more than ``parameters`` numbers."""
        width = 1
        while trained(self, width + 1) <= self.parameters:
            width += 1
        return width


def trained(settings: Settings, width: int) -> int:
    """Count the numbers that an arm of some width trains."""
    n, q, readout = width, settings.order, CLASSES * width + CLASSES
    neurons = 3 * n + n * n
    former = 3 * n + 12 * n * n + 8 * n + (n + 1) + (q + n) * n + n + n * n + 3 * n
    former += 4 * n * n + 12 * n + 4 * n * n + 3 * n
    return (
        readout
        + {
            "lif": neurons,
            "delays": neurons + n * n,
            "spiking-lmu": 4 + 2 * q + (q + 2) * n + 2 * n,
            "lmu": 2 + (q + 2) * n,
            "lmuformer": former,
        }[settings.arm]
    )


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test"; the same for every seed.

    Raises:
        ValueError: the images are not there, or a file is damaged.
    """
    order = "permuted" if settings.permuted else "pixels"
    return _sequential.sequences(order, settings.samples, settings.validated, settings.tested)


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings(parameters=2000, order=16))
    >>> net(torch.zeros(196, 1, 1))[0].shape
    torch.Size([196, 1, 10])
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.Sequential(
            {
                **ARMS[settings.arm](settings),
                "readout": neuro.LeakyIntegrator(CLASSES, settings.tau_readout, decay_input=True),
            }
        )


Layers = dict[str, torch.nn.Module]


def _neurons(settings: Settings) -> Layers:
    """Leaky neurons with time constants of many lengths."""
    width = settings.width
    ends = math.log(settings.fastest), math.log(settings.slowest)
    tau = torch.linspace(*ends, width).exp()
    # one deviation of the potentials that white noise gives them
    body = neuro.LIF(
        width, tau, threshold=(2 * tau).rsqrt(), decay_input=True, reset="subtract",
        surrogate=neuro.ATan(2),
    )  # fmt: skip
    delayed = settings.arm == "delays"
    loop = settings.least_delay if delayed else 1
    feedback = _delays(settings) if delayed else neuro.Linear(width, width, bias=False)
    with torch.no_grad():
        feedback.weight.mul_(0.1)  # over many steps, strong ones make gradients grow
    return {
        "inputs": neuro.Linear(1, width, bias=False),
        "norm": neuro.BatchNorm(width),
        "hidden": neuro.Recurrent(body, feedback, delay=loop),
        "weights": neuro.Linear(width, CLASSES),
    }


def _delays(settings: Settings) -> neuro.DelayedLinear:
    longest = settings.most_delay - settings.least_delay
    return neuro.DelayedLinear(settings.width, settings.width, longest, kernel="straight-through")


def _spiking_lmu(settings: Settings) -> Layers:
    width = settings.width
    memory = neuro.SpikingLMU(1, width, order=settings.order, theta=settings.theta)
    return {"hidden": memory, "weights": neuro.Linear(width, CLASSES)}


def _lmu(settings: Settings) -> Layers:
    width = settings.width
    memory = neuro.LMU(1, width, order=settings.order, theta=settings.theta)
    return {"hidden": memory, "weights": neuro.Linear(width, CLASSES)}


def _lmuformer(settings: Settings) -> Layers:
    model = neuro.LMUFormer(
        1, CLASSES, width=settings.width, order=settings.order, theta=settings.theta
    )
    return {"model": model}


ARMS: dict[str, Callable[[Settings], Layers]] = {
    "lif": _neurons,
    "delays": _neurons,
    "spiking-lmu": _spiking_lmu,
    "lmu": _lmu,
    "lmuformer": _lmuformer,
}
COMPARISON = Comparison(
    arms={
        "lif": Arm("recurrent LIF", {"arm": "lif"}),
        "delays": Arm("recurrent LIF, learned delays", {"arm": "delays"}),
        "spiking-lmu": Arm("spiking LMU", {"arm": "spiking-lmu"}),
        "lmu": Arm("LMU", {"arm": "lmu"}),
        "lmuformer": Arm("LMUFormer", {"arm": "lmuformer"}),
    },
    seeds=(0, 1, 2),
    pairs=(("spiking-lmu", "lif"), ("lmu", "spiking-lmu"), ("delays", "lif")),
    orders={
        "at equal numbers of trained parameters": (
            ("LMU", "lmu"),
            ("spiking LMU", "spiking-lmu"),
            ("recurrent LIF", "lif"),
        )
    },
)
