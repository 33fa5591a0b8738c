"""A convolution over time, which streams unless it looks ahead."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._shown import changed


class TemporalConvState(NamedTuple):
    """State of :class:`TemporalConv`: the last inputs [taps - 1, B, N]."""

    recent: Tensor


class TemporalConv(Layer[TemporalConvState]):
    """Convolution over time of all features with all, ``y_t = b + Σ_k W_k x_{t + k - reach}``.

    k = 0 .. taps - 1 and reach = taps - 1 - ``ahead``: without ``ahead`` a step hears what came and
    nothing later, with ``ahead = (taps - 1) / 2`` it is the centred convolution with zeros beyond
    both ends. What looks ahead needs the whole sequence at once and cannot go on from a state.

    Args:
        in_features: N.
        out_features: M.
        taps: steps that an output hears, >= 1.
        ahead: how many of them come later, 0 .. taps - 1.
        bias: whether there is one.

    Returns:
        Called with x [T, B, N] and a state: y [T, B, M] and a :class:`TemporalConvState`.

    Raises:
        ValueError: for parameters out of range, for inputs or states of the wrong shape, and for a
            state where ``ahead`` is not 0.

    >>> layer = TemporalConv(1, 1, bias=False)
    >>> torch.nn.init.ones_(layer.weight)
    Parameter containing:
    tensor([[[1., 1., 1.]]], requires_grad=True)
    >>> layer(torch.tensor([1.0, 0, 0, 0, 2]).view(5, 1, 1))[0].flatten().tolist()
    [1.0, 1.0, 1.0, 0.0, 2.0]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        taps: int = 3,
        ahead: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features, self.taps = _checks.counts(
            self, in_features=in_features, out_features=out_features, taps=taps
        )
        self.ahead = _checks.count(self, "ahead", ahead, 0)
        if self.ahead >= self.taps:
            raise ValueError(
                f"TemporalConv expects ahead below taps = {self.taps}, got {self.ahead}."
            )
        made = nn.Conv1d(self.in_features, self.out_features, self.taps, bias=bias)
        self.weight, self.bias = made.weight, made.bias

    def init(self, x: Tensor) -> TemporalConvState:
        """Return the state of silence before inputs like ``x`` [B, N]."""
        return TemporalConvState(x.new_zeros(self.taps - 1, *x.shape))

    def forward(
        self, x: Tensor, state: TemporalConvState | None = None
    ) -> tuple[Tensor, TemporalConvState]:
        """Run the convolution over ``x`` [T, B, N]."""
        if not _checks.fits(x, (self.in_features,), self.weight.dtype):
            x = _checks.own_type(x, self.weight.dtype)
            _checks.sequence(self, x, (self.in_features,), self.weight.dtype)
        rest = self.init(x[0])
        if state is not None and self.ahead:
            raise _checks.InputError(
                f"TemporalConv looks {self.ahead} steps ahead and cannot go on from a state: give "
                "it the whole sequence, or make it with ahead=0.",
                self,
            )
        recent = (rest if state is None else _checks.start(self, state, rest, x)).recent
        with _checks.in_own_type(x):
            whole = torch.cat((recent, x))
            heard = F.pad(whole[self.ahead :], (0, 0, 0, 0, 0, self.ahead))
            taps = torch.cat([heard[k : k + x.shape[0]] for k in range(self.taps)], dim=-1)
            # [M, N, taps] as torch has it, in the order of the steps beside each other
            y = F.linear(taps, self.weight.transpose(1, 2).flatten(1), self.bias)
        return y, TemporalConvState(whole[whole.shape[0] - self.taps + 1 :].clone())

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        given = {"taps": self.taps, "ahead": self.ahead, "bias": self.bias is not None}
        return ", ".join((f"{self.in_features}, {self.out_features}", *changed(self, given)))
