"""The interface of every training rule."""

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.local.stored import Stored

Loss = Callable[[Tensor, Tensor], Tensor]
"""Of the output [T, B, C] and the target, a scalar."""


class Rule(nn.Module):
    """A way from a batch to the gradients of a network. Abstract.

    A rule holds the network and what it needs beside it, such as feedback matrices, so that its
    ``state_dict`` is all that training changes. :meth:`gradients` adds to ``.grad`` of what it
    trains, as ``loss.backward()`` does, and any optimiser, clipping or projection of gradients
    comes after it.

    Args:
        net: the network, which stays what it is: it runs, exports and deploys as ever.

    Raises:
        TypeError: for a network that is no ``neuro.Network``.
        ValueError: for a layer that the rule cannot train, by its path.
    """

    def __init__(self, net: neuro.Network) -> None:
        super().__init__()
        if not isinstance(net, neuro.Network):
            raise TypeError(
                f"{type(self).__name__} expects a neuro.Network, got {type(net).__name__}: write "
                "neuro.Network(net) or neuro.Sequential(...)."
            )
        self.net = net

    @abstractmethod
    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch to ``.grad``.

        Args:
            x: the input [T, B, ...].
            target: the class of each sample [B], or what the loss takes.

        Returns:
            the loss, without a graph.
        """

    @abstractmethod
    def stored(self, x: Tensor) -> Stored:
        """Return what the rule keeps in memory for a batch like ``x`` [T, B, ...], in bytes."""

    @torch.no_grad()
    def scores(self, x: Tensor) -> Tensor:
        """Return one score per class [B, C] of ``x`` [T, B, ...]: the mean output over time."""
        return neuro.mean_over_time(self.net(x)[0])

    def parameters_trained(self) -> list[nn.Parameter]:
        """Return the parameters that the rule gives gradients to."""
        return [p for p in self.parameters() if p.requires_grad]


def refused(rule: object, path: str, layer: nn.Module, reason: str) -> ValueError:
    """Return the error of a rule that cannot train a layer."""
    return ValueError(
        f"{type(rule).__name__} cannot train {path!r} ({type(layer).__name__}): {reason}"
    )
