"""Linear connections with one learnable delay per synapse."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from axonal.neuro import _checks
from axonal.neuro.layers._delayed import Delayed
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._neuron import known_backend
from axonal.neuro.ops import delayed_linear as ops
from axonal.neuro.ops.neuron_loop import Feedback


class DelayedLinearState(NamedTuple):
    """State of :class:`DelayedLinear`: the last inputs ``history`` [max_delay, B, N]."""

    history: Tensor


class DelayedLinear(Delayed, Layer[DelayedLinearState]):
    """Linear connections with one learnable delay per synapse, y_t = sum_i w_oi x_i(t - d_oi).

    With ``per="source"`` all synapses of an input share a delay, d_oi = d_i (axonal delays), with
    ``per="target"`` those of an output, d_oi = d_o (dendritic delays): N or M delays in place of
    M N. For several delays per synapse add the outputs of several layers.

    While training, d is real and each synapse is spread over whole steps by a kernel:

        gaussian  k_j = w g_j / (sum_j g_j + 1e-7),  g_j = exp(-((j - d) / sigma)^2 / 2)
        triangle  k_j = w g_j / (sum_j g_j + 1e-7),  g_j = max(0, sigma - |j - d|)
        two-tap   k = w (1 - f) at floor(d), w f one step later,  f = d - floor(d)
        one-tap   k = w at round(d): fixed delays, no gradient reaches d
        straight-through  k = w at round(d), while d learns by the gradient of the Gaussian

    In evaluation mode every synapse has one tap, at the delay rounded to a whole step: what a chip
    runs. The network trained is therefore not quite the network evaluated, unless the kernel is
    straight-through; narrow sigma with a :class:`SigmaSchedule` and end training with
    :func:`freeze_delays`.

    With ``weights="ternary"`` synapses are -1, 0 or 1 times one scale, the mean of abs(W): w =
    scale clamp(round(W / scale), -1, 1), with gradients straight through. Spikes 0 and 1 then make
    the sums over synapses additions, which the graph of an export keeps.

    Source: Hammouamri et al., ICLR 2024 (arXiv 2306.17670): Gaussian kernel; its SIG is sigma -
    0.27. In their library the triangle is the version "max", with SIG = sigma - 1, and two-tap the
    version "v1". Bengio et al., 2013 (arXiv 1308.3432): gradients straight through a rounding.
    Ma et al. 2024 (arXiv 2402.17764): ternary weights; Sun et al. 2025 (arXiv 2510.27434): with
    learned delays.

    Args:
        in_features: inputs N.
        out_features: outputs M.
        max_delay: longest delay in steps, >= 0.
        kernel: ``"gaussian"``, ``"triangle"``, ``"two-tap"``, ``"one-tap"`` or
            ``"straight-through"``.
        sigma: standard deviation of the Gaussian in steps, > 0, or half the base of the triangle,
            >= 1; by default wide, ``max_delay / 2 + 0.27`` and ``max_delay / 2 + 1``.
        delay: initial delays in steps, in the shape of ``position``; by default uniform over
            [0, max_delay].
        per: ``"synapse"``, ``"source"`` or ``"target"``: what has a delay of its own.
        weights: ``"float"`` or ``"ternary"``.
        bias: add a learned constant.
        mask: which synapses exist, 0 or 1, [M, N].
        backend: of :func:`axonal.neuro.ops.delayed_linear.delayed_linear`.

    Attributes:
        position: the parameter behind ``delay``, [M, N], [1, N] or [M, 1] by ``per``; it may leave
            [0, max_delay], ``delay`` never does. Frozen delays do not depend on it any more.
        frozen_delay: frozen delays in the shape of ``position``, times ``frozen_share``, a buffer.
        frozen_share: 0 before freezing and 1 after it, a buffer. An average of states from before
            and after, such as ``torch.optim.swa_utils.AveragedModel`` makes, lies in between; the
            quotient of the two is the frozen delay in each of them.
        round_in_evaluation: set to ``False`` to evaluate with the training kernel, to measure what
            rounding costs.

    Returns:
        Called with x [T, B, N] and a state: y [T, B, M] and a :class:`DelayedLinearState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> layer = DelayedLinear(1, 1, max_delay=3, delay=[[2.0]]).eval()
    >>> _ = torch.nn.init.constant_(layer.weight, 5.0)
    >>> y, state = layer(torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1))
    >>> y.flatten().tolist()
    [0.0, 0.0, 5.0]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        max_delay: int,
        *,
        kernel: str = "gaussian",
        sigma: float | None = None,
        delay: Any = None,
        per: str = "synapse",
        weights: str = "float",
        bias: bool = False,
        mask: Any = None,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        max_delay = _checks.count(self, "max_delay", max_delay, 0)
        if per not in ("synapse", "source", "target"):
            raise ValueError(
                f'DelayedLinear expects per "synapse", "source" or "target", got {per!r}.'
            )
        shape = _checks.counts(self, out_features=out_features, in_features=in_features)
        self.out_features, self.in_features = shape
        self.per, self.backend = per, known_backend(self, backend)
        delays = (1 if per == "source" else shape[0], 1 if per == "target" else shape[1])
        self._hold_synapses(
            shape, delays, max_delay=max_delay, kernel=kernel, sigma=sigma, delay=delay,
            weights=weights, bias=bias, mask=mask,
        )  # fmt: skip

    def init(self, x: Tensor) -> DelayedLinearState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return DelayedLinearState(x.new_zeros(self.max_delay, *x.shape))

    def forward(
        self, x: Tensor, state: DelayedLinearState | None = None
    ) -> tuple[Tensor, DelayedLinearState]:
        """Connect ``x`` [T, B, N]."""
        if not _checks.fits(x, (self.in_features,), self.weight.dtype):
            x = _checks.own_type(x, self.weight.dtype)
            _checks.sequence(self, x, (self.in_features,), self.weight.dtype)
        rest = self.init(x[0])
        state = rest if state is None else _checks.start(self, state, rest, x)
        frozen = self._is_frozen()
        # written out: every function more is one for each call of a small layer
        delay = self._delays_in_force(frozen).expand_as(self.weight).contiguous()
        with _checks.in_own_type(x):
            y, history = ops.delayed_linear(
                x, state.history, self._weight_in_force(), delay, self.sigma,
                kernel=self._kernel_in_force(frozen), max_delay=self.max_delay,
                backend=self.backend,
            )  # fmt: skip
        if self.bias is not None:
            y = y + self.bias
        if frozen and self.position.requires_grad:
            y = self._heard_by_all(y)
        return y, DelayedLinearState(history)

    def as_feedback(self, state: DelayedLinearState, recent: Tensor) -> Feedback:
        """Return the connections as the loop of a neuron takes them.

        Args:
            state: of the connections before the step at which they hear ``recent``.
            recent: spikes of the last step [1, B, N].
        """
        frozen, weight = self.frozen, self.masked_weight
        bias = weight.new_zeros(len(weight)) if self.bias is None else self.bias
        return Feedback(
            torch.cat((state.history, recent)), weight, bias, self.delay, self.sigma,
            self._kernel_in_force(frozen), self.max_delay,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        sizes = f"{self.in_features}, {self.out_features}"
        return self._shown(sizes, per=self.per, backend=self.backend)
