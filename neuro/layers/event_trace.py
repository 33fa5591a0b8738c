"""Events of gated units while they run: rates, sparsity of gradients, a penalty on activity."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import Tensor, nn

from axonal.neuro.layers.egru import EGRU
from axonal.neuro.ops.egru.reference import heard


class EventTrace(NamedTuple):
    """One call of :class:`EGRU`: outputs, states, and the layer that computed them.

    Attributes:
        y: outputs [T, B, N].
        c: states after their reset [T, B, N].
        layer: the layer.

    >>> import torch
    >>> layer = EGRU(3, 5)
    >>> with event_traces(layer) as seen:
    ...     y, _ = layer(torch.rand(7, 2, 3))
    >>> trace = seen[""][0]
    >>> bool(trace.event_rate() == (y != 0).float().mean())
    True
    """

    y: Tensor
    c: Tensor
    layer: EGRU

    @property
    def above(self) -> Tensor:
        """States before their reset less the thresholds [T, B, N]; an event is above 0."""
        events = (self.y.detach() != 0).to(self.y.dtype)
        return self.c + events * self.layer.threshold - self.layer.threshold

    def event_rate(self) -> Tensor:
        """Events per unit and step, without a gradient."""
        return (self.y.detach() != 0).to(self.y.dtype).mean()

    def backward_sparsity(self) -> Tensor:
        """Share of units and steps at which the pseudo-derivative is 0, without a gradient."""
        flat = self.above.detach().abs() >= 1 / self.layer.support
        return flat.to(self.y.dtype).mean()

    def penalty(self, rate: float = 0.05, margin: float = 0.05) -> Tensor:
        """Penalty on activity, ``(r - rate)^2 + mean(c - (theta - margin))``.

        r is the number of events per unit and step; its gradient reaches c by the layer's
        pseudo-derivative.

        Source: the published code of Subramoney et al., ICLR 2023, which weights it by .01.

        Args:
            rate: events per unit and step at which the first term is 0, 0 to 1.
            margin: what states should stay below the threshold by.

        Raises:
            ValueError: for a rate outside [0, 1].
        """
        if not 0 <= rate <= 1:
            raise ValueError(f"expected a rate from 0 to 1 events per step, got {rate!r}.")
        events = heard(self.above, self.layer.pseudo_derivative)
        low = self.c - (self.layer.threshold - margin)
        return (events.mean() - rate).square() + low.mean()


@contextmanager
def event_traces(net: nn.Module) -> Iterator[dict[str, list[EventTrace]]]:
    """Collect the :class:`EventTrace` of every call of :class:`EGRU` in a network, by path.

    Gradients flow through what is collected, so that it can be part of a loss.

    Args:
        net: a network, or a layer, whose path is "".

    >>> import torch
    >>> net = nn.Sequential(EGRU(3, 5))
    >>> with event_traces(net) as seen:
    ...     _ = net(torch.rand(7, 2, 3))
    >>> seen["0"][0].y.shape
    torch.Size([7, 2, 5])
    """
    layers = {path: module for path, module in net.named_modules() if isinstance(module, EGRU)}
    seen: dict[str, list[EventTrace]] = {path: [] for path in layers}
    before = {path: layer.watcher for path, layer in layers.items()}
    for path, layer in layers.items():
        layer.watcher = _Collector(seen[path], layer)
    try:
        yield seen
    finally:
        for path, layer in layers.items():
            layer.watcher = before[path]


class _Collector:
    def __init__(self, traces: list[EventTrace], layer: EGRU) -> None:
        self.traces, self.layer = traces, layer

    def __call__(self, y: Tensor, c: Tensor) -> None:
        self.traces.append(EventTrace(y, c, self.layer))
