"""The match of two bits N - 1 apart by one learned delay and two spiking units."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal._base.sweeps import Row
from axonal.recipes._runs import Job

UPDATES, BATCH, TESTED = 500, 32, 500
RATE, DELAY_RATE = 0.05, 0.05
WIDTHS = (3.0, 0.3)
"""First and last width of the Gaussian in steps; it has the last one from 80 % on."""


class Match(nn.Module):
    """Bits to two units without memory, now and one delay later, and on to a logit.

    Args:
        longest: the longest delay in steps.
    """

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.before = neuro.DelayedLinear(1, 2, longest, per="source", sigma=WIDTHS[0])
        self.now = neuro.Linear(1, 2)
        self.units = neuro.LIF(2, 1.001, decay="euler", surrogate=neuro.ATan(2))
        self.readout = neuro.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logit of a match at every step."""
        y: Tensor = self.readout(self.units(self.before(x) + self.now(x)))
        return y


@dataclass(frozen=True)
class OneDelay(Job):
    """A network of one delay and two spiking units, trained by gradients on N-DMS.

    Args:
        order: N.
        seed: of weights, delay and bits.
    """

    order: int
    seed: int

    @property
    def identity(self) -> list[Any]:
        """The task and the training."""
        rates = [RATE, DELAY_RATE, *WIDTHS]
        return ["one-delay", asdict(self), [UPDATES, BATCH, TESTED], rates]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the order."""
        return "one-delay", asdict(self)

    def measure(self) -> Row:
        """Accuracy with the delay rounded, and every number of the network."""
        begun = time.process_time()
        torch.manual_seed(self.seed)
        layers = Match(2 * self.order)
        net = neuro.Network(layers)
        optimiser = torch.optim.Adam(neuro.param_groups(net, RATE, delay_lr=DELAY_RATE))
        generator = torch.Generator().manual_seed(self.seed + 100)
        for k in range(UPDATES):
            share = min(k / (0.8 * UPDATES), 1.0)
            layers.before.set_sigma(WIDTHS[0] + share * (WIDTHS[1] - WIDTHS[0]))
            x, target = self.draw(generator, BATCH)
            loss = F.binary_cross_entropy_with_logits(self.answers(net, x), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        net.eval()
        x, target = self.draw(generator, TESTED)
        with torch.no_grad():
            right = (self.answers(net, x) > 0).float() == target
        return {
            "test": right.float().mean().item(),
            "tested": right.numel(),
            "delay": round(layers.before.delay[0, 0].item(), 3),
            "weights": {
                "before": _rounded(layers.before.weight),
                "now": _rounded(layers.now.weight),
                "bias": _rounded(layers.now.bias),
                "readout": _rounded(layers.readout.weight),
                "readout_bias": _rounded(layers.readout.bias),
            },
            "cpu_seconds": round(time.process_time() - begun, 1),
        }

    def draw(self, generator: torch.Generator, samples: int) -> tuple[Tensor, Tensor]:
        """Random bits [T, B, 1], and whether each matches the one N - 1 steps before."""
        steps = 4 * self.order + 6
        x = torch.randint(0, 2, (steps, samples, 1), generator=generator).float()
        past = self.order - 1
        return x, (x[past:] == x[: steps - past]).float()

    def answers(self, net: neuro.Network, x: Tensor) -> Tensor:
        """Logits at the steps that have a bit N - 1 before them."""
        y: Tensor = net(x)[0][self.order - 1 :]
        return y


def _rounded(values: Tensor) -> list[float]:
    return [round(v, 3) for v in values.detach().flatten().tolist()]
