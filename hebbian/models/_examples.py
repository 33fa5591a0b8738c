"""Noisy examples of archetypes, from which a memory learns."""

from dataclasses import dataclass

from axonal._base.checks import not_negative, one_of, whole_number
from axonal.hebbian.theory.binomial_noise import BinomialNoise
from axonal.hebbian.theory.gaussian_noise import GaussianNoise
from axonal.hebbian.theory.noisy_examples import entropy
from axonal.hebbian.theory.signal import Signal

PROTOCOLS = ("supervised", "unsupervised")
NOISES = ("binomial", "gaussian")


@dataclass(frozen=True)
class Examples:
    """Noisy examples of archetypes, or the archetypes themselves, from which a memory learns."""

    quality: float
    examples: int | None
    protocol: str
    noise: str
    entropy: float | None = None
    """rho, where it stands for quality and examples"""

    def check(self, where: str) -> None:
        """Refuse values outside their ranges."""
        if self.entropy is not None:
            not_negative(where, "rho", self.entropy)
            if self.quality != 1 or self.examples is not None:
                raise ValueError(
                    f"{where} expects rho = {self.entropy:g} alone or quality and examples, from"
                    " which rho = (1 - r^2) / (M r^2) follows; got both."
                )
            if self.protocol != "supervised":
                raise ValueError(
                    f"{where} of rho = {self.entropy:g} stores class means (supervised); say which"
                    " examples are stored unsupervised by quality and examples."
                )
        if not isinstance(self.quality, int | float) or not 0 < self.quality <= 1:
            raise ValueError(
                f"{where} expects a quality r in (0, 1], got {self.quality!r};"
                " 1 stands for clean patterns."
            )
        if self.examples is not None:
            whole_number(where, "examples", self.examples, 1)
        elif self.quality < 1:
            raise ValueError(
                f"{where} of quality {self.quality:g} stores noisy examples:"
                " say how many a pattern, examples=M."
            )
        one_of(where, "protocol", self.protocol, PROTOCOLS)
        one_of(where, "noise", self.noise, NOISES)

    @property
    def clean(self) -> bool:
        """Whether the patterns themselves are stored."""
        if self.entropy is not None:
            return self.entropy == 0
        return self.examples is None or self.quality == 1

    @property
    def rho(self) -> float:
        """Entropy ``(1 - r^2) / (M r^2)``."""
        if self.entropy is not None:
            return float(self.entropy)
        return entropy(self.quality, self.examples or 1)

    def signal(self) -> Signal:
        """Signal of the retrieved pattern at a site."""
        if self.clean or self.noise == "gaussian":
            return GaussianNoise(self.rho)
        return BinomialNoise(self.quality, self.examples or 1)
