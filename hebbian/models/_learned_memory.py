"""What a memory learns from: patterns, or noisy examples of them."""

from dataclasses import dataclass
from typing import Any

from axonal.hebbian.models._examples import Examples


@dataclass(frozen=True, init=False, repr=False)
class LearnedMemory:
    """A memory of patterns or of noisy examples; subclasses say in their words what these are."""

    quality: float = 1.0
    examples: int | None = None
    protocol: str = "supervised"
    noise: str = "binomial"
    entropy: float | None = None
    """rho, where it was given"""

    def __init__(
        self,
        quality: float = 1.0,
        examples: int | None = None,
        protocol: str = "supervised",
        noise: str = "binomial",
        *,
        rho: float | None = None,
        entropy: float | None = None,
    ) -> None:
        entropy = entropy if rho is None else rho
        # All that an entropy alone describes are class means of many examples.
        noise = "gaussian" if entropy is not None and noise == "binomial" else noise
        data = Examples(quality, examples, protocol, noise, entropy)
        data.check(type(self).__name__)
        for name, value in vars(data).items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        # The entropy under the name by which it is given, and only where it was.
        shown: dict[str, Any] = {name: getattr(self, name) for name in self.__match_args__}
        entropy = shown.pop("entropy")
        if entropy is not None:
            shown = {k: v for k, v in shown.items() if k not in ("quality", "examples")}
            shown["rho"] = entropy
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"

    def _data(self) -> Examples:
        return Examples(self.quality, self.examples, self.protocol, self.noise, self.entropy)

    @property
    def rho(self) -> float:
        """Entropy of the data set, ``(1 - r^2) / (M r^2)``; 0 for clean patterns."""
        return self._data().rho
