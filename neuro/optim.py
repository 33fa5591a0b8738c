"""What optimisers and schedules need to know about delays."""

from typing import Any

from torch import nn

from axonal.neuro.layers._delayed import Delayed


def _delayed(net: nn.Module) -> list[Delayed]:
    return [m for m in net.modules() if isinstance(m, Delayed)]


def param_groups(
    net: nn.Module, lr: float, *, delay_lr: float | None = None, weight_decay: float = 0.0
) -> list[dict[str, Any]]:
    """Sort the parameters into groups for an optimiser: weights, the rest, delays.

    Delays are positions in steps, not small weights: they take a larger rate (100 times in
    Hammouamri et al., ICLR 2024, arXiv 2306.17670) and no decay, which would pull them to zero.
    Biases, norms, time constants and thresholds take no decay either.

    Args:
        net: the network.
        lr: learning rate of weights and the rest.
        delay_lr: learning rate of delays; 100 ``lr`` by default.
        weight_decay: of the weights (two or more axes).

    Returns:
        Groups with the keys ``params``, ``name`` ("weights", "others", "delays"), ``lr`` and
        ``weight_decay``; groups without parameters are left out.

    Raises:
        ValueError: for negative rates.

    >>> from axonal import neuro
    >>> net = neuro.Sequential(neuro.DelayedLinear(3, 4, max_delay=5), neuro.LIF(4, learn="tau"))
    >>> [(g["name"], g["lr"]) for g in param_groups(net, lr=0.001)]
    [('weights', 0.001), ('others', 0.001), ('delays', 0.1)]
    """
    delay_lr = 100 * lr if delay_lr is None else delay_lr
    for name, value in (("lr", lr), ("delay_lr", delay_lr), ("weight_decay", weight_decay)):
        if not value >= 0:
            raise ValueError(f"param_groups expects {name} >= 0, got {value!r}.")
    delays = [m.position for m in _delayed(net) if m.position.requires_grad and not m.frozen]
    known = {id(m.position) for m in _delayed(net)}
    rest = [p for p in net.parameters() if p.requires_grad and id(p) not in known]
    groups = [
        ("weights", [p for p in rest if p.ndim >= 2], lr, weight_decay),
        ("others", [p for p in rest if p.ndim < 2], lr, 0.0),
        ("delays", delays, delay_lr, 0.0),
    ]
    return [
        {"params": params, "name": name, "lr": rate, "weight_decay": decay}
        for name, params, rate, decay in groups
        if params
    ]


def set_sigma(net: nn.Module, sigma: float) -> None:
    """Set the Gaussian's standard deviation, in steps, in every delay layer still being trained.

    >>> from axonal import neuro
    >>> layer = neuro.DelayedLinear(1, 1, max_delay=10)
    >>> set_sigma(layer, 0.5)
    >>> layer.sigma
    tensor(0.5000)
    """
    for layer in _delayed(net):
        if not layer.frozen:
            layer.set_sigma(sigma)


def freeze_delays(net: nn.Module) -> None:
    """Round all delays for good, so that the rest of training runs what is deployed.

    >>> from axonal import neuro
    >>> layer = neuro.DelayedLinear(1, 1, max_delay=10, delay=[[2.3]])
    >>> freeze_delays(layer)
    >>> layer.delay.item(), layer.frozen
    (2.0, True)
    """
    for layer in _delayed(net):
        layer.freeze_delays()


class SigmaSchedule:
    """Narrow the Gaussian of every delay layer geometrically, from epoch 0 to ``epochs``.

    sigma(e) = 0.27 + start (end / start)^(min(e, epochs) / epochs), a pure function of the epoch:
    call ``set_epoch`` at the start of each, also after resuming. Triangles end at 1 + ``end``, with
    1 in place of 0.27. Frozen layers are left alone.

    Source: Hammouamri et al., ICLR 2024 (arXiv 2306.17670), with start = floor(K / 2), end = 0.23
    (a standard deviation of 0.5) reached after a quarter of the epochs.

    Args:
        net: the network.
        epochs: epochs until the end value, >= 1.
        start: initial width; by default half of each layer's ``max_delay``.
        end: final width, > 0.

    Raises:
        ValueError: for values out of range.

    >>> from axonal import neuro
    >>> layer = neuro.DelayedLinear(1, 1, max_delay=24)
    >>> schedule = SigmaSchedule(layer, epochs=37)
    >>> schedule.set_epoch(0), round(layer.sigma.item(), 2)
    (None, 12.27)
    >>> schedule.set_epoch(50), round(layer.sigma.item(), 2)
    (None, 0.5)
    """

    def __init__(
        self, net: nn.Module, epochs: int, *, start: float | None = None, end: float = 0.23
    ) -> None:
        if epochs < 1 or not end > 0 or not (start is None or start > 0):
            raise ValueError(
                f"SigmaSchedule expects epochs >= 1, start > 0 and end > 0, got {epochs!r}, "
                f"{start!r} and {end!r}."
            )
        self.net, self.epochs, self.start, self.end = net, epochs, start, end

    def set_epoch(self, epoch: int) -> None:
        """Set the width that belongs to ``epoch``, counted from 0."""
        for layer in _delayed(self.net):
            if not layer.frozen:
                start = self.start or max(layer.max_delay / 2, self.end)
                share = min(max(epoch, 0), self.epochs) / self.epochs
                layer.set_sigma(layer.sigma_offset + start * (self.end / start) ** share)
