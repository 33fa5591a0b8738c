"""Linear recurrences as associative scans, and the flow of neurons over many intervals at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 64
"""Length from which a scan is made of blocks: within them, over their ends, and back."""


def linear_scan(factor: Tensor, x: Tensor) -> Tensor:
    """Return all h of ``h_k = factor_k h_(k-1) + x_k``, ``h_-1 = 0``, along the last axis.

    Two steps of it are one step, ``(f, x) then (g, y) = (f g, g x + y)``, which is associative, so
    that a tree of ``O(log K)`` levels replaces a loop of K steps (Blelloch, CMU-CS-90-190, 1990).

    Args:
        factor: [..., K].
        x: likewise.

    >>> linear_scan(torch.tensor([0.5, 0.5, 0.5]), torch.tensor([4.0, 0.0, 1.0]))
    tensor([4., 2., 2.])
    """
    return _scanned(factor, x)[1]


def _scanned(factor: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return products of the factors from the start on, and h."""
    length = x.shape[-1]
    if length > BLOCK:
        return _by_blocks(factor, x)
    factor, x = factor.clone(), x.clone()
    step = 1
    while step < length:
        late, early = slice(step, None), slice(None, -step)
        x[..., late] += factor[..., late] * x[..., early]
        factor[..., late] = factor[..., late] * factor[..., early]
        step *= 2
    return factor, x


def _by_blocks(factor: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    length = x.shape[-1]
    more = -length % BLOCK
    shape = (*x.shape[:-1], -1, BLOCK)
    whole = torch.nn.functional.pad(factor, (0, more), value=1.0).view(shape)
    products, h = _scanned(whole, torch.nn.functional.pad(x, (0, more)).view(shape))
    before, carried = _scanned(products[..., -1], h[..., -1])
    h[..., 1:, :] += products[..., 1:, :] * carried[..., :-1, None]
    products[..., 1:, :] *= before[..., :-1, None]
    return products.flatten(-2)[..., :length], h.flatten(-2)[..., :length]


@dataclass(frozen=True)
class Rates:
    """Rates of neurons, of shapes that broadcast over intervals.

    Attributes:
        a: of the membrane, 1/tau.
        c: of the synaptic current, 1/tau_synapse.
        slow: the smaller of both.
        gap: the larger less the smaller.
    """

    a: Tensor
    c: Tensor
    slow: Tensor
    gap: Tensor

    @classmethod
    def of(cls, tau: Tensor, tau_synapse: Tensor) -> "Rates":
        """Those of time constants."""
        a, c = 1 / tau, 1 / tau_synapse
        slow = torch.minimum(a, c)
        return cls(a, c, slow, torch.maximum(a, c) - slow)

    def at(self, place: Tensor) -> "Rates":
        """Those at some places of the first axis."""
        return Rates(self.a[place], self.c[place], self.slow[place], self.gap[place])

    def flow(self, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return x, y and K: ``V(s) = V x + I K`` and ``I(s) = I y``, for equal rates too."""
        b = torch.exp(-self.slow * s)
        lost = -torch.expm1(-self.gap * s)
        k = self.a * b * torch.where(self.gap > 0, lost / self.gap, s)
        other = b - b * lost
        slow_membrane = self.a <= self.c
        return torch.where(slow_membrane, b, other), torch.where(slow_membrane, other, b), k

    def peak(self, v: Tensor, i: Tensor) -> Tensor:
        """Return after what time V is highest, from V < I and I > 0; infinity if it only rises."""
        delta = self.c - self.a
        rest = 1 - v / i
        u = rest * delta / self.c
        at = torch.where(u.abs() < 1e-300, rest / self.c, -torch.log1p(-u) / delta)
        return torch.where(u >= 1, torch.inf, at)

    def meets(self, v: Tensor, i: Tensor, s: Tensor, then: Tensor, left: Tensor,
              threshold: Tensor) -> Tensor:  # fmt: skip
        """Whether V meets the threshold within s, at whose end it is ``then``, the current left."""
        found = then >= threshold
        # V can only turn within s if it rises at its start and falls at its end
        turns = (i > threshold) & (left < then) & (v + self.a * (i - v) * s >= threshold) & ~found
        if turns.any():
            at = self.peak(v, i)
            found = found | (turns & (at < s) & (i * torch.exp(-self.c * at) >= threshold))
        return found

    def crossing(self, v: Tensor, i: Tensor, longest: Tensor, threshold: Tensor) -> Tensor:
        """Return after what time V meets the threshold, which it does within ``longest``.

        V is concave while it rises, so that Newton's steps from the left never pass the crossing.
        """
        s = torch.zeros_like(v)
        for _ in range(100):
            x, y, k = self.flow(s)
            now = v * x + i * k
            slope = self.a * (i * y - now)
            later = torch.minimum(s + (threshold - now) / slope, longest)
            moves = (slope > 0) & (later > s)
            if not moves.any():
                break
            s = torch.where(moves, later, s)
        return s
