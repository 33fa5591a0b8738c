"""Differentiation on the representation by spikes: gradients of weighted rates."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal import neuro
from axonal.hebbian.local._chain import CONNECTIONS, chain
from axonal.hebbian.local._sizes import sizes
from axonal.hebbian.local.dsr_lif import DSRLIF, weighted_rate
from axonal.hebbian.local.rule import Rule, refused
from axonal.hebbian.local.stored import Stored


class DSR(Rule):
    """Differentiation on spike representation: the gradient of weighted rates, not of spikes.

    The network of :class:`DSRLIF` neurons runs step by step; on the way back every neuron is the
    clamp that its weighted rate follows, see there. The score of a class is the weighted rate of
    the output, the loss their cross-entropy.

    Trains connections between DSRLIF neurons and their thresholds, layers one after another.

    Source: Meng et al., CVPR 2022 (arXiv 2205.00459).

    Args:
        net: layers one after another, whose neurons are DSRLIF.

    Raises:
        ValueError: for other neurons, by path, and for neurons of different tau.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 4), local.DSRLIF(4), neuro.Linear(4, 2))
    >>> rule = local.DSR(net)
    >>> loss = rule.gradients(torch.rand(20, 8, 3), torch.zeros(8, dtype=torch.int64))
    >>> rule.scores(torch.rand(20, 8, 3)).shape
    torch.Size([8, 2])
    """

    def __init__(self, net: neuro.Network) -> None:
        super().__init__(net)
        times = set()
        for path, layer in chain(self, net):
            if isinstance(layer, DSRLIF):
                times.add(layer.tau)
            elif isinstance(layer, neuro.Layer) and not isinstance(layer, CONNECTIONS):
                raise refused(self, path, layer, "its neurons are DSRLIF.")
        if len(times) != 1:
            raise ValueError(
                f"DSR expects DSRLIF neurons of one tau, got {sorted(times) or 'no neurons'}."
            )
        self.tau = times.pop()

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...]; return the loss."""
        rates = weighted_rate(self.net(x)[0], self.tau)
        loss = F.cross_entropy(rates, target)
        loss.backward()
        return loss.detach()

    def scores(self, x: Tensor) -> Tensor:
        """Return the weighted rates of the output [B, C] for ``x`` [T, B, ...]."""
        with torch.no_grad():
            return weighted_rate(self.net(x)[0], self.tau)

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        kept = 0
        for size in sizes(self.net, x):
            if isinstance(size.layer, DSRLIF):
                kept += 2 * size.outputs * x.shape[1]  # two comparisons of a rate
            elif not size.given:
                kept += size.inputs * x.shape[0] * x.shape[1] * x.element_size()
        return Stored(kept)
