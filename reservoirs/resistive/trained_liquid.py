"""The layer of a liquid as a module of torch, whose weights learn by a surrogate gradient."""

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from axonal._base import checks
from axonal.reservoirs._inputs import real_array
from axonal.reservoirs.resistive import _layer


class TrainedLiquid(nn.Module):
    """The layer of :class:`ResistiveLiquid` with weights that can be trained.

    Forward, it has the spikes of the liquid; backward, ds/du is the surrogate ATan(2) of
    :mod:`axonal.neuro.surrogates`, and no gradient passes the reset. The trained baseline of Lin,
    Wang et al. (arXiv 2307.00771) has a rectangle of half width 0.25 there.

    Args:
        input_weights: W_in [N, I] at the start.
        recurrent_weights: W_rec [N, N] at the start.
        decay: factor per step, 0 to 1.
        threshold: > 0.
        kind: features that it returns, as in :meth:`ResistiveLiquid.features`.
        parts: as in that method.

    Returns:
        Called with x [T, B, I]: features [B, N parts].

    Raises:
        ValueError: for numbers out of range, and inputs that do not fit.

    >>> layer = TrainedLiquid([[1.5], [0.6]], [[0.0, 0.0], [-1.0, 0.0]], decay=0.5)
    >>> layer(torch.ones(4, 1, 1))
    tensor([[4., 0.]], grad_fn=<CatBackward0>)
    """

    def __init__(
        self,
        input_weights: ArrayLike,
        recurrent_weights: ArrayLike,
        *,
        decay: float = 0.9,
        threshold: float = 1.0,
        kind: str = "counts",
        parts: int = 1,
    ) -> None:
        super().__init__()
        who, kept = type(self).__name__, torch.get_default_dtype()
        w_in = real_array(who, "input_weights", input_weights, "[N, I]", 2)
        w_rec = real_array(who, "recurrent_weights", recurrent_weights, "[N, N]", 2)
        self.input_weights = nn.Parameter(torch.from_numpy(w_in).to(kept))
        self.recurrent_weights = nn.Parameter(torch.from_numpy(w_rec).to(kept))
        self.decay = checks.number(who, "decay", decay, 0, 1)
        self.threshold = checks.number(who, "threshold", threshold, 0, open_low=True)
        self.kind = checks.one_of(who, "kind", kind, _layer.KINDS)
        self.parts = checks.whole_number(who, "parts", parts)

    def forward(self, x: Tensor) -> Tensor:
        """Features [B, N parts] of x [T, B, I]."""
        inputs = self.input_weights.shape[1]
        if x.ndim != 3 or x.shape[2] != inputs or 0 in x.shape:
            raise ValueError(
                f"{type(self).__name__} expects x [T, B, {inputs}], not empty, got "
                f"{tuple(x.shape)}. Time is first, inputs last."
            )
        x = x.to(self.input_weights.dtype)
        fired = _layer.spikes(
            x, self.input_weights, self.recurrent_weights, self.decay, self.threshold
        )
        return _layer.features(fired, self.kind, self.parts, self.decay)
