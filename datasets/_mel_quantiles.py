"""A code without counts: every mel band fires equally often, and only the times tell."""

from dataclasses import dataclass, field

import numpy as np

from axonal._base.array_types import Float64Array
from axonal._base.checks import number
from axonal.datasets._front_end import FrontEnd, Spikes, in_microseconds
from axonal.datasets._mel_delta import MelDelta


@dataclass(frozen=True)
class MelQuantiles(FrontEnd):
    """Mel bands that fire when given shares of their sound have passed, each equally often.

    With the energies E_c(t) of `MelDelta` in dB, a band c fires its spike k at the first hop at
    which sum_s<=t 10^(E_c(s) / 20) reaches ``shares[k]`` of its sum over the first ``length``
    seconds. Every sound gives every channel the same number of spikes, so that their counts
    say nothing; a silent one fires too. A share is of a sum that only the end of the sound
    tells: this code is **not causal**, made to ask what timing alone is worth.

    Args:
        ear: how energies are measured; its threshold and levels do not matter here.
        shares: of a band's sum, rising, above 0 and at most 1; one spike per share.
        length: seconds of each sound that are listened to, so that all spikes lie within.

    Raises:
        ValueError: settings out of range; sounds that are no samples from -1 to 1, one channel.

    >>> import numpy as np
    >>> from axonal.datasets import MelQuantiles
    >>> (times, units), = MelQuantiles().encode([np.sin(np.arange(4000.0))])
    >>> np.unique(np.bincount(units))
    array([4])
    """

    ear: MelDelta = field(default_factory=MelDelta)
    shares: tuple[float, ...] = (0.1, 0.35, 0.65, 0.9)
    length: float = 0.6

    def __post_init__(self) -> None:
        number("MelQuantiles", "length", self.length, 0, open_low=True)
        edges = (0.0, *self.shares)
        rising = all(a < b for a, b in zip(edges, self.shares, strict=False))
        if not self.shares or not rising or self.shares[-1] > 1:
            raise ValueError(
                f"MelQuantiles expects rising shares above 0 and at most 1, got {self.shares!r}."
            )
        if self.length < self.ear.hop:
            raise ValueError(
                f"MelQuantiles expects a length of at least a hop of {self.ear.hop:g} s, got "
                f"{self.length:g} s."
            )

    @property
    def rate(self) -> int:
        """Samples per second."""
        return self.ear.rate

    @property
    def channels(self) -> int:
        """Number of channels: one per band."""
        return self.ear.bands

    @property
    def _shortest(self) -> int:
        return self.ear._shortest

    def _encoded(self, sounds: list[Float64Array]) -> list[Spikes]:
        return [self._fire(self.ear.energies(sound)) for sound in sounds]

    def _fire(self, energies: Float64Array) -> Spikes:
        frames = int(self.length / self.ear.hop + 1e-9)
        passed = np.cumsum(10 ** (energies[:frames] / 20), axis=0)
        passed /= passed[-1]
        reached = np.stack([(passed >= share).argmax(0) for share in self.shares])
        order = np.argsort(reached, axis=None, kind="stable")
        hop = round(self.ear.hop * self.ear.rate)
        heard = in_microseconds((reached.ravel()[order].astype(np.int64) + 1) * hop - 1, self.rate)
        return heard, (order % self.channels).astype(np.uint16)
