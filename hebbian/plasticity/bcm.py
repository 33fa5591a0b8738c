"""The rule of Bienenstock, Cooper and Munro, whose threshold slides."""

from typing import NamedTuple

from torch import Tensor

from axonal._base.checks import number
from axonal.hebbian.plasticity import _spikes


class BCMChange(NamedTuple):
    """Result of a step of :func:`bcm`.

    Attributes:
        weight: dW [M, N].
        threshold: of every target after the step [M].
    """

    weight: Tensor
    threshold: Tensor


def bcm(
    weight: Tensor, threshold: Tensor, pre: Tensor, post: Tensor, *, tau: float = 100.0
) -> BCMChange:
    """Change of weights by the BCM rule with the threshold theta that follows mean y^2.

        dW = mean_b y (y - theta) x^T,    theta <- theta + (mean_b y^2 - theta) / tau

    Activity above theta strengthens, activity between 0 and theta weakens; since theta grows faster
    than y, a unit can neither saturate nor fall silent. With y = W x and linearly independent
    patterns the stable fixed points are selective: a unit answers 1 / p to one pattern, which comes
    with probability p, and 0 to all others.

    Converges for W <- W + eta dW only if the threshold is faster than the weights: next to a
    selective fixed point, of a pattern x, for eta tau |x|^2 < 1 (trace of the Jacobian below zero);
    above that the unit oscillates with growing swings.

    Source: Bienenstock, Cooper and Munro, Journal of Neuroscience 2, 1982; theta = mean y^2:
    Intrator and Cooper, Neural Networks 5, 1992.

    Args:
        weight: W [M, N], targets first.
        threshold: theta [M].
        pre: presynaptic activity x [B, N].
        post: postsynaptic activity y [B, M].
        tau: of the threshold in steps, >= 1.

    Returns:
        the change of weights and the threshold after the step.

    Raises:
        ValueError: for shapes that do not fit.

    >>> import torch
    >>> one = torch.ones(1, 1)
    >>> bcm(one, torch.tensor([0.5]), one, 2 * one, tau=10.0)
    BCMChange(weight=tensor([[3.]]), threshold=tensor([0.8500]))
    """
    _spikes.synapses("bcm", weight, pre, post)
    number("bcm", "tau", tau, 1.0)
    _spikes.same("bcm", "threshold", threshold, weight[:, 0])
    change = _spikes.outer(post * (post - threshold), pre)
    return BCMChange(change, threshold + (post.square().mean(0) - threshold) / tau)
