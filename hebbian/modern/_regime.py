"""Kinds of fixed points of states, and the range of beta that keeps patterns apart."""

import enum
import math
from typing import NamedTuple

import torch
from scipy.special import lambertw
from torch import Tensor

from axonal.hebbian.modern import _checks, _update
from axonal.hebbian.modern._retrieve import _prepared, retrieve


class FixedPoint(enum.IntEnum):
    """Kinds of fixed points of a modern Hopfield memory.

    >>> [kind.name for kind in FixedPoint]
    ['SINGLE', 'CLUSTER', 'MEAN']
    """

    SINGLE = 0
    """One stored pattern."""
    CLUSTER = 1
    """The mean of some patterns that are close to each other: metastable."""
    MEAN = 2
    """The mean of all patterns, or of more than half of them."""


class Regime(NamedTuple):
    """Kinds of the fixed points of states [..., S], as :func:`regime` returns them.

    ``kind`` holds :class:`FixedPoint` codes, ``patterns`` how many share the softmax,
    ``moved`` how far the next update moves the state (0 at a fixed point).
    """

    kind: Tensor
    patterns: Tensor
    moved: Tensor


def pattern_count(weights: Tensor, mass: float = 0.9) -> Tensor:
    """Least number of patterns that hold a share ``mass`` of each softmax.

    Args:
        weights: softmax over stored patterns [..., N], as ``HopfieldAttention.association`` gives.
        mass: share, above 0 and at most 1.

    Returns:
        Whole numbers from 1 to N, [...].

    Raises:
        ValueError: mass out of range.

    Source: Ramsauer et al., ICLR 2021 (arXiv 2008.02217), who sort the heads of BERT by it.

    >>> import torch
    >>> pattern_count(torch.tensor([[0.95, 0.03, 0.02], [0.4, 0.3, 0.3]]))
    tensor([1, 3])
    """
    if not 0 < mass <= 1:
        raise ValueError(f"pattern_count expects a mass above 0 and at most 1, got {mass!r}.")
    held = weights.sort(-1, descending=True).values.cumsum(-1)
    # rounding must not ask for a pattern more than there are
    short = held < mass - 4 * torch.finfo(weights.dtype).eps * weights.shape[-1]
    return (short.sum(-1) + 1).clamp(max=weights.shape[-1])


def regime(
    state: Tensor,
    patterns: Tensor,
    beta: float = 1.0,
    *,
    mass: float = 0.9,
    mask: Tensor | None = None,
) -> Regime:
    """Name the fixed point that a retrieved state is: one pattern, a cluster, or the mean.

    k is the least number of patterns that hold ``mass`` of softmax(beta X^T xi): SINGLE if k = 1,
    MEAN if k > N / 2 (and N > 1), CLUSTER between. A state that is still on its way gets a name
    too: look at ``moved``.

    Args:
        state: xi [..., S, D], or one state [D], as ``retrieve(..., steps=None)`` returns it.
        patterns: [..., N, D].
        beta: inverse temperature >= 0.
        mass: share of the softmax that counts.
        mask: which patterns to ignore, bool [..., N].

    Returns:
        A :class:`Regime`.

    Raises:
        ValueError: as :func:`retrieve` and :func:`pattern_count`.

    Source: Ramsauer et al., ICLR 2021 (arXiv 2008.02217); the borders are those of its class I.

    >>> import torch
    >>> from axonal.hebbian.modern import FixedPoint, regime, retrieve
    >>> patterns = torch.tensor([[1.0, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0, 1]])
    >>> for beta in (0.1, 8, 400):
    ...     state = retrieve(patterns[0], patterns, beta, steps=None, eps=1e-6)
    ...     print(beta, FixedPoint(int(regime(state, patterns, beta).kind)).name)
    0.1 MEAN
    8 CLUSTER
    400 SINGLE
    """
    who = "regime"
    xi, stored, bias = _prepared(state, patterns, mask, who)
    beta = _checks.inverse_temperature(beta, who)
    weights = _update.associate(xi, stored, beta, bias, steps=1, eps=0.0)
    count = pattern_count(weights, mass)
    number = stored.shape[-2] if mask is None else (~mask).sum(-1, keepdim=True)
    kind = torch.full_like(count, FixedPoint.CLUSTER)
    kind = kind.masked_fill(2 * count > number, FixedPoint.MEAN)
    kind = kind.masked_fill(count == 1, FixedPoint.SINGLE)
    moved = (retrieve(xi, stored, beta, mask=_expanded(mask, stored)) - xi).norm(dim=-1)
    if state.ndim == 1:
        return Regime(kind[..., 0], count[..., 0], moved[..., 0])
    return Regime(kind, count, moved)


def _expanded(mask: Tensor | None, stored: Tensor) -> Tensor | None:
    return None if mask is None else mask.expand(stored.shape[:-1])


def separation(patterns: Tensor) -> Tensor:
    """Separation of each pattern, Delta_i = x_i.x_i - max_{j != i} x_i.x_j.

    Args:
        patterns: [..., N, D] with N >= 2.

    Returns:
        Delta [..., N]; a pattern with Delta <= 0 cannot be retrieved at any beta.

    Raises:
        ValueError: fewer than two patterns.

    Source: Ramsauer et al., ICLR 2021 (arXiv 2008.02217), definition 2.

    >>> import torch
    >>> separation(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
    tensor([1., 4.])
    """
    _checks.patterns(patterns, "patterns", "separation", "[..., N, D]", 0)
    number = patterns.shape[-2]
    if number < 2:
        raise ValueError(f"separation expects at least two patterns, got N = {number}.")
    overlaps = patterns @ patterns.transpose(-2, -1)
    own = torch.eye(number, dtype=torch.bool, device=patterns.device)
    return overlaps.diagonal(dim1=-2, dim2=-1) - overlaps.masked_fill(own, -torch.inf).amax(-1)


class BetaRange(NamedTuple):
    """Ends of the range of beta from :func:`beta_range`: ``mean_below`` and ``stored_above``."""

    mean_below: float
    stored_above: float


def beta_range(patterns: Tensor) -> BetaRange:
    """Two inverse temperatures between which the regimes of a memory change.

    ``stored_above`` is the least beta at which every pattern is well separated, Delta >=
    2 / (beta N) + ln(2 (N - 1) N beta M^2) / beta: a sufficient condition for each to have a fixed
    point of its own close to it. Around ``mean_below`` = 1 / lambda_max, of the covariance of the
    patterns, a state equal to their mean stops being attractive.

    Args:
        patterns: [N, D] with N >= 2.

    Returns:
        A :class:`BetaRange`; ``stored_above`` is infinite where some pattern has Delta <= 0, and
        ``mean_below`` where all patterns are equal.

    Raises:
        ValueError: not [N, D], fewer than two patterns.

    Source: Ramsauer et al., ICLR 2021 (arXiv 2008.02217), theorem 5 (solved for beta by Lambert W).

    >>> import torch
    >>> low, high = beta_range(torch.eye(4))
    >>> round(low, 3), round(high, 3)
    (4.0, 5.356)
    """
    _checks.patterns(patterns, "patterns", "beta_range", "[N, D]", 2)
    delta = float(separation(patterns).min())
    number, norm = patterns.shape[0], float(patterns.norm(dim=-1).max())
    largest = float(torch.linalg.matrix_norm(patterns - patterns.mean(0), 2)) ** 2 / number
    mean_below = 1 / largest if largest > 0 else math.inf
    if delta <= 0:
        return BetaRange(mean_below, math.inf)
    # u - ln u = c for u = beta Delta, its larger root
    c = 2 / number + math.log(2 * (number - 1) * number * norm**2 / delta)
    return BetaRange(mean_below, float(-lambertw(-math.exp(-c), -1).real) / delta)
