"""Sign-symmetric feedback: errors go back through the signs of the weights."""

import functools

from torch import Tensor

from axonal import neuro
from axonal.hebbian.local._feedback import connections, first, sent_back
from axonal.hebbian.local._sizes import activity
from axonal.hebbian.local.rule import Loss, Rule
from axonal.hebbian.local.stored import Stored


class SignSymmetric(Rule):
    """Sign-symmetric feedback: backpropagation that knows of each weight its sign alone.

        dL/dx = B^T dL/dy,   B = sign(W) / sqrt(inputs of a neuron),   dL/dW = dL/dy x^T as ever

    Trains every parameter of any network. Through time and through the spikes the gradient is that
    of :class:`Backprop`.

    Source: Liao, Leibo and Poggio, AAAI 2016 (arXiv 1510.05067).

    Args:
        net: the network.
        loss: of the output [T, B, C] and the target.

    Raises:
        TypeError: for a network that is no ``neuro.Network``.

    >>> import torch
    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    >>> rule = local.SignSymmetric(net)
    >>> loss = rule.gradients(torch.rand(5, 8, 3), torch.zeros(8, dtype=torch.int64))
    >>> rule.feedback("2").abs().unique()
    tensor([0.5000])
    """

    def __init__(self, net: neuro.Network, *, loss: Loss = neuro.rate_loss) -> None:
        super().__init__(net)
        self.loss = loss
        kept = first(net)
        self._paths = [path for path in connections(net) if path not in kept]

    def feedback(self, path: str) -> Tensor:
        """Return the feedback weights of the connections at ``path``, in the shape of theirs."""
        weight: Tensor = connections(self.net)[path].weight.detach()
        signs: Tensor = weight.sign() / weight[0].numel() ** 0.5
        return signs

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...]; return the loss."""
        makers = {path: functools.partial(self.feedback, path) for path in self._paths}
        with sent_back(self.net, makers):
            loss = self.loss(self.net(x)[0], target)
        loss.backward()
        return loss.detach()

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        return Stored(activity(self.net, x))
