"""The jobs of the experiment ``gradient_angles``: several gradients of one network."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from axonal import neuro
from axonal._base.sweeps import Row
from axonal.datasets import fsdd
from axonal.hebbian import local
from axonal.recipes._learning import order
from axonal.recipes._runs import Job

INPUTS, HIDDEN, CLASSES = 80, 32, 10
STEPS, SILENCE, DT = 60, 20, 0.01
DELAY, BACK = 20, 10
"""Longest delays in steps, of the input and of the loop."""
TAU, TAU_SYNAPSE, SHARPNESS = 10.0, 5.0, 10.0
EPOCHS, BATCH, RATE, DELAY_RATE = 5, 64, 3e-3, 0.1
WATCHED = 64
"""Recordings for validation on which gradients are compared."""
WAYS = ("exact", "grid", "surrogate", "local", "three-factor")
PARTS = {
    "weights": ("delays1.weight", "hidden.feedback.weight"),
    "delays": ("delays1.position", "hidden.feedback.position"),
}


def network(seed: int) -> neuro.Network:
    """Return the untrained network: one hidden layer with a loop, a delay in every synapse."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        delays1, back, delays2 = (
            neuro.DelayedLinear(a, b, d, kernel="straight-through", sigma=1.0)
            for a, b, d in ((INPUTS, HIDDEN, DELAY), (HIDDEN, HIDDEN, BACK), (HIDDEN, CLASSES, 0))
        )
        with torch.no_grad():
            delays1.weight.normal_(0.03, 0.08)
            back.weight.normal_(0, 0.1)
            delays2.weight.normal_(0, 0.5)
        neurons = neuro.CuBaLIF(HIDDEN, TAU, TAU_SYNAPSE, decay_input=True, surrogate=neuro.ATan(2))
        return neuro.Sequential(
            {
                "delays1": delays1,
                "hidden": neuro.Recurrent(neurons, back),
                "delays2": delays2,
                "current": neuro.LeakyIntegrator(CLASSES, TAU_SYNAPSE),
                "readout": neuro.LeakyIntegrator(CLASSES, TAU, decay_input=True),
            }
        )


def mean_loss(y: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of the mean potential."""
    return F.cross_entropy(SHARPNESS * y.mean(0), target)


def gradients(net: neuro.Network, way: str, x: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Return the gradient of the batch by one way, for each group of parameters, flat."""
    own = copy.deepcopy(net).double()
    own.zero_grad()
    x = x.double()
    if way in ("exact", "grid"):
        engine = {"exact": "exact", "grid": "eventprop"}[way]
        run = neuro.EventNetwork(own, engine=engine, reading="mean")
        F.cross_entropy(SHARPNESS * run(neuro.Events.from_dense(x)), target).backward()
    elif way == "surrogate":
        local.Backprop(own, loss=mean_loss).gradients(x, target)
    else:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            feedback = "symmetric" if way == "local" else "random"
            rule = local.EProp(own, loss=mean_loss, feedback=feedback)
        rule.gradients(x, target)
    named = dict(own.named_parameters())
    return {
        part: torch.cat([_gradient(named[name]).flatten() for name in names])
        for part, names in PARTS.items()
    }


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def angle(one: Tensor, other: Tensor) -> float | None:
    """Return the angle between two gradients in degrees; nothing where one is zero."""
    size = float(one.norm() * other.norm())
    if not size:
        return None
    return float(np.degrees(np.arccos(np.clip(float(one @ other) / size, -1, 1))))


@dataclass(frozen=True)
class Angles(Job):
    """A network trained by the surrogate gradient, and the angles of others to each other.

    Args:
        seed: of weights, delays and the order of samples.
    """

    seed: int

    LABEL: ClassVar[str] = "gradient-angles"

    @property
    def identity(self) -> list[Any]:
        """Everything that the rows depend on."""
        return [
            self.LABEL, asdict(self), HIDDEN, STEPS, SILENCE, DELAY, BACK, TAU, TAU_SYNAPSE,
            SHARPNESS, EPOCHS, BATCH, RATE, DELAY_RATE, WATCHED, WAYS, "each recording",
        ]  # fmt: skip

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the seed."""
        return self.LABEL, asdict(self)

    def measure(self) -> Row:
        """Train, and compare before the first epoch and after each."""
        parts = fsdd("mel", dt=DT, steps=STEPS)
        watched = parts["validation"]
        chosen = np.random.default_rng(0).permutation(len(watched))[:WATCHED]
        x, target = _batch(watched, chosen)
        net = network(self.seed)
        groups = neuro.param_groups(net, RATE, delay_lr=DELAY_RATE)
        adam = torch.optim.Adam(groups)
        rule = local.Backprop(net, loss=mean_loss)
        found = [self._compared(net, x, target, parts)]
        each = [_each(net, x, target)]
        for epoch in range(EPOCHS):
            every = order(self.seed, epoch, len(parts["train"]))
            for k in range(0, len(every), BATCH):
                adam.zero_grad()
                rule.gradients(*_batch(parts["train"], every[k : k + BATCH]))
                adam.step()
            found.append(self._compared(net, x, target, parts))
        each.append(_each(net, x, target))
        return {"epochs": found, "each": each, "test": accuracy(net, parts["test"])}

    def _compared(self, net: neuro.Network, x: Tensor, target: Tensor, parts: Any) -> Row:
        """Compare all ways at one moment of training."""
        net.train()
        made = {way: gradients(net, way, x, target) for way in WAYS}
        return {
            "angles": _angles(made),
            "lengths": {
                way: {part: float(g.norm()) for part, g in few.items()}
                for way, few in made.items()
            },
            "rate": _rate(net, x),
            "validation": accuracy(net, parts["validation"]),
        }  # fmt: skip


def _angles(made: Mapping[str, Mapping[str, Tensor]]) -> dict[str, dict[str, float | None]]:
    """Return the angles of all pairs of ways, for each group of parameters."""
    return {
        f"{one}, {other}": {part: angle(made[one][part], made[other][part]) for part in PARTS}
        for k, one in enumerate(WAYS)
        for other in WAYS[k + 1 :]
    }


def _each(net: neuro.Network, x: Tensor, target: Tensor) -> Row:
    """Return the quartiles, over recordings, of the angles between gradients of each alone."""
    net.train()
    found = []
    for k in range(len(target)):
        one = x[:, k : k + 1], target[k : k + 1]
        found.append(_angles({way: gradients(net, way, *one) for way in WAYS}))
    return {
        pair: {part: _quartiles([angles[pair][part] for angles in found]) for part in PARTS}
        for pair in found[0]
    }


def _quartiles(angles: Sequence[float | None]) -> Row:
    """Return quartiles of the angles that exist, and their number."""
    known = [degrees for degrees in angles if degrees is not None]
    quartiles = np.quantile(known, (0.25, 0.5, 0.75)).tolist() if known else [None] * 3
    return {"quartiles": quartiles, "recordings": len(known)}


def _batch(samples: Any, chosen: Any) -> tuple[Tensor, Tensor]:
    """Return the spikes [T, B, N] of chosen recordings, with silence behind them."""
    dense = torch.from_numpy(np.asarray(samples.dense(chosen), np.float32))
    x = torch.cat((dense, dense.new_zeros(SILENCE, *dense.shape[1:])))
    return x, torch.from_numpy(np.asarray(samples.labels[chosen], np.int64))


@torch.no_grad()
def _rate(net: neuro.Network, x: Tensor) -> float:
    """Return the spikes per neuron and step of the hidden layer."""
    _, traces = neuro.record(net, x, {"hidden": ("output",)})
    return float(traces["hidden"]["output"].mean())


@torch.no_grad()
def accuracy(net: neuro.Network, samples: Any) -> float:
    """Return the share of recordings whose digit is found, in evaluation mode."""
    net.eval()
    right = 0
    for k in range(0, len(samples), 256):
        x, target = _batch(samples, np.arange(k, min(k + 256, len(samples))))
        right += int((net(x)[0].mean(0).argmax(1) == target).sum())
    net.train()
    return right / len(samples)
