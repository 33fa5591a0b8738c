"""A network, the engine that runs it, its readouts and losses, and its optimiser."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal import neuro
from axonal.recipes._activity import activity
from axonal.recipes._settings import Settings

Input = Tensor | neuro.Events


def _earliest(y: Any, lengths: Tensor | None = None) -> Tensor:
    return -neuro.first_spike_time(y, lengths)


def _last(y: Tensor, lengths: Tensor | None = None) -> Tensor:
    if lengths is None:
        return y[-1]
    return y[lengths.to(y.device) - 1, torch.arange(y.shape[1], device=y.device)]


def _last_loss(y: Tensor, target: Tensor, lengths: Tensor | None = None) -> Tensor:
    return F.cross_entropy(_last(y, lengths), target)


READOUTS: dict[str, Callable[..., Tensor]] = {
    "mean_over_time": neuro.mean_over_time,
    "max_over_time": neuro.max_over_time,
    "summed_softmax": neuro.summed_softmax,
    "first_spike": _earliest,
    "last_step": _last,
}
LOSSES: dict[str, Callable[..., Tensor]] = {
    "mean_over_time": neuro.rate_loss,
    "max_over_time": neuro.max_over_time_loss,
    "summed_softmax": neuro.summed_softmax_loss,
    "first_spike": neuro.first_spike_loss,
    "last_step": _last_loss,
}


def optimiser(net: neuro.Network, settings: Settings) -> torch.optim.Adam:
    """Adam over weights, the rest and delays, each with its own rate."""
    groups = neuro.param_groups(
        net,
        settings.learning_rate,
        delay_lr=settings.delay_rate,
        weight_decay=settings.weight_decay,
    )
    for group in groups:
        group["first_lr"] = group["lr"]
    return torch.optim.Adam(groups)


class Learner:
    """A network, the engine that runs it and its optimiser: what a training loop calls.

    Settings may name an ``engine`` of `neuro.EventNetwork`, numbers ``loss_options`` of their loss,
    a ``sharpness`` by which potentials are multiplied in the loss, by how much ``wake`` raises
    weights of silent neurons, every ``wake_every`` updates, and the strength ``activity`` of a
    penalty on events of gated units above ``activity_rate``.

    Args:
        net: the network.
        settings: of the recipe.
    """

    def __init__(self, net: neuro.Network, settings: Settings) -> None:
        self.settings, self.optimiser = settings, optimiser(net, settings)
        self.run = runner(net, settings)
        self._activity = activity(self.run, net, settings)
        if self._activity is not None:
            self.run = self._activity
        self._silent: neuro.SilentNeurons | None = None
        wake: float = getattr(settings, "wake", 0.0)
        if wake and isinstance(self.run, neuro.EventNetwork):
            every: int = getattr(settings, "wake_every", 1)
            self._silent = neuro.SilentNeurons(self.run, self.optimiser, step=wake, every=every)

    def loss(self, y: Any, target: Tensor) -> Tensor:
        """The loss of what the network returned."""
        if self._silent is not None and torch.is_grad_enabled() and isinstance(y, neuro.Events):
            self._silent.told(y, target)
        sharpness: float = getattr(self.settings, "sharpness", 1.0)
        y = y * sharpness if sharpness != 1 else y
        options: dict[str, float] = getattr(self.settings, "loss_options", {})
        loss = LOSSES[self.settings.readout](y, target, **options)
        if self._activity is not None and self._activity.strength and torch.is_grad_enabled():
            loss = loss + self._activity.penalty()
        return loss

    def measured(self) -> dict[str, Tensor]:
        """Numbers of the last batch besides loss and accuracy, for the metrics of an epoch."""
        return {} if self._activity is None else self._activity.measured()


def runner(net: neuro.Network, settings: Settings) -> Callable[[Input], Any]:
    """What runs a batch by the engine of the settings: step by step where they name none."""
    engine: str = getattr(settings, "engine", "surrogate")
    if engine != "surrogate":
        return neuro.EventNetwork(net, engine=engine, reading="potential")
    return partial(_step_by_step, net)


def _step_by_step(net: neuro.Network, x: Input) -> Any:
    return net(x.to_dense() if isinstance(x, neuro.Events) else x)[0]
