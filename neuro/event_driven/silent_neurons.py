"""Neurons that never fire, and how an optimiser wakes them."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.event_driven.event_lif import EventLIF
from axonal.neuro.event_driven.event_network import EventNetwork
from axonal.neuro.events import Events
from axonal.neuro.losses import check_classes, first_spike_time


class SilentNeurons:
    """Raise the weights into neurons that stayed silent, after updates of an optimiser.

    The exact gradient knows no spike that did not happen, so that a silent neuron never learns to
    fire. After every ``every`` updates each neuron without one spike since the last time gets
    ``step`` added to all its weights; a readout neuron that was told to fire and did not (see
    :meth:`told`) gets it after that update. Gradients are left alone.

    Source: Mészáros, Knight and Nowotny, arXiv 2501.07331, raise weights by 0.002 after an epoch of
    silence.

    Args:
        net: an :class:`EventNetwork`, an :class:`EventLIF` or a module that holds some.
        optimizer: whose updates are counted.
        step: added to the weights, > 0.
        every: updates after which silence is looked at, >= 1: those of an epoch.

    Attributes:
        woken: neurons raised so far, each time counted.

    Raises:
        ValueError: for numbers out of range, and for a net without event-driven neurons.

    >>> from axonal import neuro
    >>> layer = neuro.EventLIF(neuro.Linear(2, 3, bias=False), neuro.CuBaLIF(3, decay_input=True))
    >>> _ = torch.nn.init.zeros_(layer.synapses.weight)
    >>> adam = torch.optim.Adam(layer.parameters())
    >>> silent = neuro.SilentNeurons(layer, adam, step=0.5, every=1)
    >>> spikes = layer(neuro.Events.of([[1.0]], [[0]], size=2, duration=5))
    >>> adam.step()
    >>> layer.synapses.weight[0].tolist(), silent.woken
    ([0.5, 0.5], 3)
    """

    def __init__(
        self, net: nn.Module, optimizer: torch.optim.Optimizer, *, step: float = 2e-3, every: int
    ) -> None:
        if not 0 < step < float("inf"):
            raise ValueError(f"SilentNeurons expects step > 0, got {step!r}.")
        updates = _checks.whole(every)
        if updates is None or updates < 1:
            raise ValueError(f"SilentNeurons expects every >= 1 updates, got {every!r}.")
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(
                f"SilentNeurons expects an optimiser of torch, got {type(optimizer).__name__}."
            )
        self._layers = [m for m in _parts(net) if isinstance(m, EventLIF)]
        if not self._layers:
            raise ValueError(
                f"SilentNeurons expects event-driven neurons (EventLIF), found none in "
                f"{_checks.name_of(net)}."
            )
        self.step, self.every, self.woken = step, updates, 0
        self._updates = 0
        self._spikes = [self._none(layer) for layer in self._layers]
        self._told = self._none(self._layers[-1])
        for place, layer in enumerate(self._layers):
            layer.register_forward_hook(partial(self._count, place))
        optimizer.register_step_post_hook(self._after_update)

    @staticmethod
    def _none(layer: EventLIF) -> Tensor:
        weight = layer.synapses.weight
        return torch.zeros(weight.shape[0], dtype=torch.int64, device=weight.device)

    def _count(self, place: int, _layer: Any, _given: Any, spikes: Any) -> None:
        if not torch.is_grad_enabled():
            return  # an evaluation
        if isinstance(spikes, Events):
            fired = spikes.indices[spikes.valid]
            self._spikes[place] += torch.bincount(fired, minlength=spikes.size)
        else:
            self._spikes[place] += spikes.detach().sum((0, 1)).long()

    @torch.no_grad()
    def told(self, spikes: Events, target: Tensor) -> None:
        """Note which classes ``target`` [B] had to fire in ``spikes`` and did not."""
        if not isinstance(spikes, Events):
            raise TypeError(f"SilentNeurons expects events, got {type(spikes).__name__}.")
        times = first_spike_time(spikes)
        check_classes(target, times)
        asleep = times.gather(1, target.unsqueeze(1)).squeeze(1) >= spikes.duration
        self._told += torch.bincount(target[asleep], minlength=spikes.size)

    @torch.no_grad()
    def _after_update(self, *_: Any) -> None:
        self._updates += 1
        self._raise(self._layers[-1], self._told > 0)
        self._told.zero_()
        if self._updates % self.every == 0:
            for layer, spikes in zip(self._layers, self._spikes, strict=True):
                self._raise(layer, spikes == 0)
                spikes.zero_()

    def _raise(self, layer: EventLIF, silent: Tensor) -> None:
        if layer.synapses.weight.requires_grad:
            layer.synapses.weight[silent] += self.step
            self.woken += int(silent.sum())


def _parts(net: nn.Module) -> list[nn.Module]:
    """Return the modules of a net, and the layers of the event-driven networks among them."""
    modules = list(net.modules())
    layers = [layer for m in modules if isinstance(m, EventNetwork) for layer in m.layers]
    return list(dict.fromkeys([*modules, *layers]))
