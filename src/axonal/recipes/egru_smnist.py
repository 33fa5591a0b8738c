"""MNIST by rows or by pixels, read by event-based gated units (EGRU), beside a GRU.

The units are those of Subramoney et al., ICLR 2023 (arXiv 2206.06178), who read all 784 pixels;
here images are 14 x 14, means of 2 x 2 pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch

from axonal import neuro
from axonal.recipes import _sequential, _settings
from axonal.recipes._comparison import Arm, Comparison
from axonal.recipes._gated import GRU
from axonal.recipes._samples import Samples

ARMS = ("egru", "gru")
ORDERS = ("rows", "pixels")
CLASSES = _sequential.CLASSES


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.Settings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Args:
        arm: "egru" or "gru" (torch's, of the same width).
        order: "rows" (14 steps of 14 pixels) or "pixels" (196 steps of one).
        samples: training images, the first ones of MNIST.
        validated: images of validation, the last ones of the training set.
        tested: test images, the first ones of MNIST.
        hidden: units.
        threshold_mean: mean of the thresholds at the start, above 0 and below 1.
        damping: height of the pseudo-derivative.
        support: inverse of its half-width.
        zoneout: chance of a unit to keep its state for a step of training.
        activity: strength of the penalty on activity.
        activity_rate: events per unit and step that it pulls towards.
        keeping: added to the bias of the gate that keeps the state, at the start.
        trace: time constant in steps of the trace of the units' output that is read at the end,
            1 for the output itself; torch's GRU is read as it is.
        largest_gradient: norm that the gradient of an update is cut to.

    >>> Settings(order="pixels").inputs
    1
    """

    arm: str = "egru"
    order: str = "rows"
    epochs: int = 6
    batch: int = 128
    learning_rate: float = 4e-3
    readout: str = "last_step"
    freeze_from: float = 1.0
    samples: int = 55_000
    validated: int = 5_000
    tested: int = 10_000
    hidden: int = 128
    threshold_mean: float = 0.3
    damping: float = 0.7
    support: float = 1.0
    zoneout: float = 0.0
    activity: float = 0.01
    activity_rate: float = 0.05
    keeping: float = 0.0
    trace: float = 3.0
    largest_gradient: float = 1.0

    ADDED: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in ARMS, f"one of {', '.join(ARMS)}")
        self.require("order", self.order in ORDERS, f"one of {', '.join(ORDERS)}")
        _sequential.require_sizes(self)
        self.require_counts("hidden")
        fine = 0 < self.threshold_mean < 1
        self.require("threshold_mean", fine, "a number above 0 and below 1")
        for name in ("damping", "support", "largest_gradient"):
            self.require(name, getattr(self, name) > 0, "a number > 0")
        self.require("zoneout", 0 <= self.zoneout < 1, "a share from 0 to below 1")
        self.require("activity", self.activity >= 0, "a number >= 0")
        self.require("activity_rate", 0 <= self.activity_rate <= 1, "a share from 0 to 1")
        self.require_tau("trace", least=1)

    @property
    def inputs(self) -> int:
        """Numbers per step."""
        return _sequential.SIDE if self.order == "rows" else 1


COMPARISON = Comparison(
    arms={
        "gru": Arm("GRU", {"arm": "gru"}),
        "egru": Arm("EGRU", {"arm": "egru"}),
    },
    seeds=(0, 1, 2),
    pairs=(("gru", "egru"),),
)


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test"; the same for every seed.

    Raises:
        ValueError: the images are not there, or a file is damaged.
    """
    return _sequential.sequences(
        settings.order, settings.samples, settings.validated, settings.tested
    )


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings(hidden=4))
    >>> net(torch.zeros(14, 1, 14))[0].shape
    torch.Size([14, 1, 10])
    """
    hidden = settings.hidden
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        if settings.arm == "gru":
            return neuro.Sequential(
                {"hidden": GRU(settings.inputs, hidden), "weights": neuro.Linear(hidden, CLASSES)}
            )
        return neuro.Sequential(
            {
                "hidden": _units(settings),
                "trace": neuro.LeakyIntegrator(
                    hidden, settings.trace, decay="euler", decay_input=True
                ),
                "weights": neuro.Linear(hidden, CLASSES),
            }
        )


def _units(settings: Settings) -> neuro.EGRU:
    layer = neuro.EGRU(
        settings.inputs,
        settings.hidden,
        threshold_mean=settings.threshold_mean,
        damping=settings.damping,
        support=settings.support,
        zoneout=settings.zoneout,
    )
    with torch.no_grad():
        layer.bias_in[: settings.hidden] += settings.keeping
    return layer
