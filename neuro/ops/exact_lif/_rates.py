"""The flow of neurons over many intervals at once, and where it meets their thresholds."""

from dataclasses import dataclass

import torch
from torch import Tensor


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
        """Mark where V meets the threshold within s, at its end ``then``, the current left."""
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
