"""Backpropagation through time, the control of every other rule."""

from torch import Tensor

from axonal import neuro
from axonal.hebbian.local._sizes import activity
from axonal.hebbian.local.rule import Loss, Rule
from axonal.hebbian.local.stored import Stored


class Backprop(Rule):
    """Backpropagation through time with surrogate gradients: the control.

    Trains every parameter of any network. Keeps the input of every connection and the potential of
    every neuron at every step, so that its memory grows with T.

    Args:
        net: the network.
        loss: of the output [T, B, C] and the target; cross-entropy of the mean by default.

    Raises:
        TypeError: for a network that is no ``neuro.Network``.

    >>> import torch
    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    >>> rule = local.Backprop(net)
    >>> loss = rule.gradients(torch.rand(5, 8, 3), torch.zeros(8, dtype=torch.int64))
    >>> [p.grad is not None for p in rule.parameters()]
    [True, True, True, True]
    """

    def __init__(self, net: neuro.Network, *, loss: Loss = neuro.rate_loss) -> None:
        super().__init__(net)
        self.loss = loss

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...]; return the loss."""
        loss = self.loss(self.net(x)[0], target)
        loss.backward()
        return loss.detach()

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        return Stored(activity(self.net, x))
