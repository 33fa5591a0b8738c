"""Linear connections whose weights are -1, 0 or 1 times one scale."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._ternary import LEAST, signs, straight_through

EPS = 1e-8
LEVELS = 127.0


class BitLinear(nn.Module):
    """Ternary connections of inputs that are normed and rounded to eight bits.

        x' = w x / sqrt(mean(x^2) + 1e-8)
        a = 127 / max(abs(x')),   x_q = clamp(round(a x'), -128, 127) / a        per token
        s = 1 / mean(abs(W)),     W_q = clamp(round(s W), -1, 1) / s             per layer
        y = W_q x_q

    with halves rounded to even and both sizes at least 1e-5. Gradients go through the rounding as
    if it were not there. With ``events`` the input is taken as it comes: spikes 0 and 1 make the
    product a sum of signs, times one scale.

    Source: Zhu et al. 2024, MatMul-free language models (arXiv 2406.02528), after BitNet b1.58 (Ma
    et al. 2024, arXiv 2402.17764).

    Args:
        in_features: inputs N.
        out_features: outputs M.
        events: whether inputs are spikes, which need neither norm nor rounding.

    Returns:
        Called with x [..., N]: y [..., M].

    Raises:
        ValueError: for sizes below 1.

    >>> layer = BitLinear(4, 1)
    >>> with torch.no_grad():
    ...     _ = layer.weight.copy_(torch.tensor([[0.5, -0.2, 0.05, -1.0]]))
    >>> layer.ternary()[0].int().tolist()
    [[1, 0, 0, -1]]
    >>> layer(torch.tensor([1.0, -2.0, 0.5, 3.0]))
    tensor([-0.4654], grad_fn=<...>)
    """

    def __init__(self, in_features: int, out_features: int, *, events: bool = False) -> None:
        super().__init__()
        self.in_features, self.out_features = _checks.counts(
            self, in_features=in_features, out_features=out_features
        )
        self.events = events
        self.weight = nn.Parameter(torch.empty(self.out_features, self.in_features))
        self.norm_weight = None if events else nn.Parameter(torch.ones(self.in_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights anew, with the published deviation of .02."""
        nn.init.normal_(self.weight, std=0.02)
        if self.norm_weight is not None:
            nn.init.ones_(self.norm_weight)

    @property
    def dtype(self) -> torch.dtype:
        """Type that the layer computes in."""
        return self.weight.dtype

    def ternary(self) -> tuple[Tensor, Tensor]:
        """Return the weights as -1, 0 and 1 [M, N], and what they are multiplied with."""
        return signs(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Connect ``x`` [..., N]."""
        if self.norm_weight is not None:
            x = rounded(F.rms_norm(x, (self.in_features,), self.norm_weight, EPS))
        return F.linear(x, straight_through(self.weight))

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        return f"{self.in_features}, {self.out_features}{', events=True' if self.events else ''}"


def rounded(x: Tensor) -> Tensor:
    """Round to eight bits, on a grid that the largest number of each row decides.

    >>> rounded(torch.tensor([1.0, 0.4999, -0.25])).mul(127).round().tolist()
    [127.0, 63.0, -32.0]
    """
    size = LEVELS / x.detach().abs().amax(-1, keepdim=True).clamp(min=LEAST)
    kept = (x.detach() * size).round().clamp(-128, 127) / size
    return x + (kept - x.detach())
