"""Spike-timing-dependent plasticity that the activity of its target gates."""

from dataclasses import dataclass

import numpy as np

from axonal._base import checks
from axonal.reservoirs.plasticity.pair_stdp import PairSTDP


@dataclass(frozen=True, kw_only=True)
class ActivitySTDP(PairSTDP):
    """`PairSTDP` whose synapses grow where their target is more active than a level, and shrink
    where it is less, each in a band.

        c ← exp(-1 / τ_c) · (c + s_post)
        potentiation only where 0 < c - level < width,  depression only where 0 < level - c < width

    The idea is that of activity-probabilistic STDP (Jin and Li, 2016); the gates there are drawn
    by chance, these are not.

    Args:
        level: of c at which growth and shrinkage meet.
        width: of each band, > 0.
        tau_calcium: time constant τ_c in steps, > 0.

    Raises:
        ValueError: an argument is out of its range.

    >>> ActivitySTDP(level=5.0, width=3.0).largest
    3.0
    """

    level: float
    width: float
    tau_calcium: float = 64.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.number("ActivitySTDP", "level", self.level)
        for name in ("width", "tau_calcium"):
            checks.number("ActivitySTDP", name, getattr(self, name), 0.0, open_low=True)

    @property
    def gate(self) -> dict[str, float]:
        """Activity that the kernel gates with."""
        decay = float(np.exp(-1.0 / self.tau_calcium))
        return {"calcium_decay": decay, "level": self.level, "width": self.width}
