"""N-MNIST: digits seen by a moving event camera, read by a spiking transformer.

Patches of the camera's picture are tokens; masks of spikes choose among them (Yao et al., NeurIPS
2023, arXiv 2307.01694; Zhou et al., NeurIPS 2024, arXiv 2403.16552). The comparison tells what the
masks are worth: the same network without them is the control.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from axonal import neuro
from axonal.datasets import Binned
from axonal.neuro.models.spiking_transformer import ATTENTIONS, Attention
from axonal.recipes._comparison import Arm, Comparison
from axonal.recipes._feed import Feed
from axonal.recipes._nmnist_recordings import CAMERA, CLASSES, FOLDS, Recordings, moved, parts
from axonal.recipes._samples import Samples


@dataclass(frozen=True, kw_only=True)
class Settings(Recordings):
    """Settings of the recipe; those not named here are shared by all recipes.

    Args:
        arm: attention of the blocks, "spike-driven", "qk-token", "qk-channel" or "none".
        width: channels of a token.
        blocks: blocks of attention and two more weights.
        hidden: neurons per token between these.
        tau: membrane time constant of the neurons in steps.

    >>> Settings(arm="qk-token").tau
    2.0
    """

    arm: str = "spike-driven"
    epochs: int = 40
    learning_rate: float = 6e-3
    width: int = 48
    blocks: int = 2
    hidden: int = 96
    tau: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        known = f"one of {', '.join(ATTENTIONS)}"
        self.require("arm", self.arm in ATTENTIONS, known)
        self.require_counts("blocks", "hidden")
        self.require("width", self.width >= 4 and self.width % 4 == 0, "a multiple of 4")
        self.require_tau("tau", least=0.1)


COMPARISON = Comparison(
    arms={
        "spike-driven": Arm("spike-driven self-attention", {"arm": "spike-driven"}),
        "qk-token": Arm("Q-K attention that masks tokens", {"arm": "qk-token"}),
        "qk-channel": Arm("Q-K attention that masks channels", {"arm": "qk-channel"}),
        "none": Arm("the same blocks without masks", {"arm": "none"}),
    },
    seeds=tuple(range(FOLDS)),
    repeats="fold",
    pairs=(("spike-driven", "none"), ("qk-token", "none"), ("qk-channel", "none")),
)


def data(settings: Settings) -> Mapping[str, Samples]:
    """The samples by split, "train", "validation" and "test"; the same for every seed.

    Raises:
        ValueError: the recordings are not there, or one is damaged.
    """
    events = parts(settings.fold)
    counted = {part: Binned(events[part], settings.grid) for part in ("validation", "test")}
    return {"train": moved(events["train"], settings), **counted}


def feed(settings: Settings) -> Feed:
    """Counts of a recording of events.

    >>> feed(Settings()).dt
    0.0525
    """
    return Feed(settings.grid.dt)


def build(settings: Settings) -> neuro.Network:
    """The untrained network, the same for the same settings.

    >>> net = build(Settings())
    >>> net(torch.zeros(6, 1, 2312))[0].shape
    torch.Size([6, 1, 10])
    """

    def neurons(size: tuple[int, ...]) -> neuro.LIF:
        return neuro.LIF(size, settings.tau, surrogate=neuro.ATan(2))

    attention: Attention = settings.arm  # type: ignore[assignment]
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        return neuro.Sequential(
            {
                "picture": nn.Unflatten(1, CAMERA),
                "transformer": neuro.SpikingTransformer(
                    CAMERA, CLASSES, width=settings.width, blocks=settings.blocks, halvings=3,
                    attention=attention, hidden=settings.hidden, neurons=neurons,
                ),
            }
        )  # fmt: skip
