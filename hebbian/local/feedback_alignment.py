"""Feedback alignment: errors go back through fixed random weights."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.local._feedback import connections, first, sent_back
from axonal.hebbian.local._sizes import activity, bytes_of
from axonal.hebbian.local.rule import Loss, Rule
from axonal.hebbian.local.stored import Stored


class FeedbackAlignment(Rule):
    """Feedback alignment: backpropagation with fixed random weights B on the way back.

        dL/dx = B^T dL/dy   in place of   W^T dL/dy,   dL/dW = dL/dy x^T as ever

    The forward weights come to align with B, so that no synapse needs to know another one's weight.
    Trains every parameter of any network, the recurrent ones included. Through time and through the
    spikes the gradient is that of :class:`Backprop`.

    Source: Lillicrap et al., Nature Communications 2016 (arXiv 1411.0247).

    Args:
        net: the network; B is drawn from torch's generator, uniform within
            1 / sqrt(inputs of a neuron), once.
        loss: of the output [T, B, C] and the target.

    Raises:
        TypeError: for a network that is no ``neuro.Network``.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    >>> rule = local.FeedbackAlignment(net)
    >>> loss = rule.gradients(torch.rand(5, 8, 3), torch.zeros(8, dtype=torch.int64))
    >>> rule.feedback("2").shape
    torch.Size([2, 4])
    """

    def __init__(self, net: neuro.Network, *, loss: Loss = neuro.rate_loss) -> None:
        super().__init__(net)
        self.loss = loss
        # the first connections send nothing back
        kept = connections(net).keys() - first(net)
        self._paths = [path for path in connections(net) if path in kept]
        for number, path in enumerate(self._paths):
            self.register_buffer(f"feedback_{number}", drawn(_weight(net, path)))

    def feedback(self, path: str) -> Tensor:
        """Return the feedback weights of the connections at ``path``, in the shape of theirs."""
        if path not in self._paths:
            known = ", ".join(map(repr, self._paths))
            raise ValueError(f"no feedback at {path!r}; there is one at {known}.")
        weights: Tensor = getattr(self, f"feedback_{self._paths.index(path)}")
        return weights

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...]; return the loss."""
        with sent_back(self.net, {path: self._maker(path) for path in self._paths}):
            loss = self.loss(self.net(x)[0], target)
        loss.backward()
        return loss.detach()

    def _maker(self, path: str) -> Callable[[], Tensor]:
        return lambda: self.feedback(path)

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        own = (self.feedback(path) for path in self._paths)
        return Stored(activity(self.net, x), own=bytes_of(*own))


def drawn(like: Tensor) -> Tensor:
    """Return random weights, uniform within 1 / sqrt(inputs of a neuron)."""
    weights = torch.empty_like(like, requires_grad=False)
    nn.init.kaiming_uniform_(weights, a=math.sqrt(5))
    return weights


def _weight(net: neuro.Network, path: str) -> Tensor:
    weight: Tensor = connections(net)[path].weight.detach()
    return weight
