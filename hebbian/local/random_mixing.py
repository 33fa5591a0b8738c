"""A layer that nobody can differentiate: random mixing with drift and noise."""

import math

import torch
from torch import Tensor, nn

from axonal._base import checks
from axonal.neuro import InputError

KINDS = {
    "tanh": torch.tanh,
    "quadratic": torch.square,
    "phase": torch.cos,
}


class RandomMixing(nn.Module):
    """A physical layer as far as a program can tell: random nonlinear mixing, drift, noise.

        y = f(R_n x + c) + noise xi,   R_n = cos(drift n) R + sin(drift n) R'

    with R, R' and c drawn once, xi normal and new for every value, and n the number of calls so
    far: what was measured yesterday is not quite what is there today. No gradient passes, whatever
    is asked. f is tanh, the square (an intensity) or the cosine (a phase).

    Put it into a network as ``neuro.Lift(RandomMixing(...))``.

    Args:
        inputs: N.
        outputs: M.
        kind: ``"tanh"``, ``"quadratic"`` or ``"phase"``.
        gain: size of R x for x of length sqrt(N), > 0.
        drift: angle per call in radians, >= 0.
        noise: standard deviation, >= 0.
        seed: of R, R' and c; the noise comes from torch's generator.

    Returns:
        Called with x [B, N]: y [B, M].

    Raises:
        ValueError: for parameters out of range and inputs of another size.

    >>> layer = RandomMixing(3, 5, drift=0.01)
    >>> x = torch.ones(2, 3, requires_grad=True)
    >>> one, other = layer(x), layer(x)
    >>> one.requires_grad, torch.equal(one, other)
    (False, False)
    """

    mixing: Tensor
    other: Tensor
    shift: Tensor
    calls: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kind: str = "tanh",
        gain: float = 1.0,
        drift: float = 0.0,
        noise: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        who = "RandomMixing"
        self.inputs = checks.whole_number(who, "inputs", inputs)
        self.outputs = checks.whole_number(who, "outputs", outputs)
        self.kind = checks.one_of(who, "kind", kind, KINDS)
        self.gain = checks.number(who, "gain", gain, 0, open_low=True)
        self.drift = checks.number(who, "drift", drift, 0)
        self.noise = checks.number(who, "noise", noise, 0)
        drawn = torch.Generator().manual_seed(checks.seed(who, seed))
        scale = self.gain / math.sqrt(self.inputs)
        for name in ("mixing", "other"):
            weights = torch.randn(self.outputs, self.inputs, generator=drawn)
            self.register_buffer(name, scale * weights)
        self.register_buffer("shift", 0.1 * torch.randn(self.outputs, generator=drawn))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Measure the answer to ``x`` [B, N]."""
        if x.ndim != 2 or x.shape[1] != self.inputs:
            raise InputError(
                f"RandomMixing expects x [B, N] with N = {self.inputs}, got {tuple(x.shape)}.", self
            )
        angle = self.drift * self.calls
        mixing = torch.cos(angle) * self.mixing + torch.sin(angle) * self.other
        self.calls += 1
        y = KINDS[self.kind](x @ mixing.T.to(x.dtype) + self.shift.to(x.dtype))
        return y + self.noise * torch.randn_like(y) if self.noise else y

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return (
            f"{self.inputs}, {self.outputs}, kind={self.kind!r}, drift={self.drift:g}, "
            f"noise={self.noise:g}"
        )
