"""Linear connections with one learnable delay per synapse."""

import contextlib
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._bounded import bounded
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._masked import Masked
from axonal.neuro.layers._neuron import known_backend
from axonal.neuro.layers._shown import changed
from axonal.neuro.layers._ternary import straight_through
from axonal.neuro.ops import delayed_linear as ops
from axonal.neuro.ops.neuron_loop import Feedback


class _ZeroGradient(torch.autograd.Function):
    """Hand ``y`` on, and a parameter that takes no part in it a gradient of zero."""

    generate_vmap_rule = True

    @staticmethod
    def forward(y: Tensor, parameter: Tensor) -> Tensor:
        return y.view_as(y)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        return grad, torch.zeros_like(ctx.saved_tensors[0])


class DelayedLinearState(NamedTuple):
    """State of :class:`DelayedLinear`: the last inputs ``history`` [max_delay, B, N]."""

    history: Tensor


class DelayedLinear(Masked, Layer[DelayedLinearState]):
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

    sigma: Tensor
    frozen_delay: Tensor
    frozen_share: Tensor

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
        if kernel not in ops.KERNELS:
            known = ", ".join(ops.KERNELS)
            raise ValueError(f"DelayedLinear knows the kernels {known}; got {kernel!r}.")
        if per not in ("synapse", "source", "target"):
            raise ValueError(
                f'DelayedLinear expects per "synapse", "source" or "target", got {per!r}.'
            )
        if weights not in ("float", "ternary"):
            raise ValueError(
                f'DelayedLinear expects weights "float" or "ternary", got {weights!r}.'
            )
        shape = _checks.counts(self, out_features=out_features, in_features=in_features)
        self.out_features, self.in_features = shape
        self.max_delay, self.kernel, self.per, self.weights = max_delay, kernel, per, weights
        self.backend = known_backend(self, backend)
        self.round_in_evaluation = True
        self._fixed = kernel == "one-tap" or max_delay == 0  # nothing to learn in either
        self._frozen, self._seen = False, (0, -1)

        self.weight = nn.Parameter(torch.empty(shape))
        nn.init.kaiming_uniform_(self.weight, nonlinearity="relu")
        delays = (1 if per == "source" else shape[0], 1 if per == "target" else shape[1])
        self.position = nn.Parameter(torch.empty(delays), requires_grad=not self._fixed)
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        self._hold_mask(mask)
        self.register_buffer("sigma", torch.zeros(()))
        self.register_buffer("frozen_delay", torch.zeros(delays))
        self.register_buffer("frozen_share", torch.zeros(()))
        if not self._fixed:
            self.set_sigma(max_delay / 2 + self.sigma_offset if sigma is None else sigma)
        nn.init.uniform_(self.position, 0, max_delay)
        if delay is not None:
            self.set_delays(delay)
        if self._fixed:
            self.freeze_delays()

    @property
    def masked_weight(self) -> Tensor:
        """The weights in force, in the shape of ``weight``."""
        # torch.compile follows no property of a parent class
        weight = self.weight if self.mask is None else self.weight * self.mask
        return weight if self.weights == "float" else straight_through(weight, self.mask)

    @property
    def delay(self) -> Tensor:
        """The delays in force while training, in steps [M, N], always within [0, max_delay]."""
        return self._delays_in_force(self.frozen)

    def _delays_in_force(self, frozen: bool) -> Tensor:
        delays = self._whole_delays() if frozen else bounded(self.position, float(self.max_delay))
        return delays.expand_as(self.weight).contiguous()

    def _whole_delays(self) -> Tensor:
        return (self.frozen_delay / self.frozen_share).round()

    @property
    def sigma_offset(self) -> float:
        """The difference between ``sigma`` and the width parameter SIG of the published library."""
        return 1.0 if self.kernel == "triangle" else 0.27

    @property
    def frozen(self) -> bool:
        """Whether the delays are whole steps that are no longer trained."""
        share = self.frozen_share
        if _checks.compiling():
            return self._frozen
        # read again only if something wrote to it: reading a value stalls a GPU
        seen = (id(share), -1 if share.is_cpu or share.is_inference() else share._version)
        if seen != self._seen or seen[1] < 0:
            # on the meta device or inside vmap there is no value
            with contextlib.suppress(RuntimeError):
                self._frozen = share.item() > 0
            self._seen = seen
        return self._frozen

    def set_delays(self, delay: Any) -> None:
        """Set the delays, in steps, of the shape of ``position``; all from 0 to ``max_delay``."""
        values = torch.as_tensor(delay, dtype=self.position.dtype, device=self.position.device)
        if values.shape != self.position.shape:
            raise ValueError(
                f"DelayedLinear expects delays of shape {tuple(self.position.shape)} (outputs "
                f"first), got {tuple(values.shape)}."
            )
        outside = ~((values >= 0) & (values <= self.max_delay))
        if outside.any():
            worst = values[outside][0].item()
            remedy = (
                f"make the layer with max_delay={math.ceil(worst)}, or clip them."
                if 0 < worst < math.inf
                else "a synapse cannot see the future."
            )
            raise ValueError(
                f"DelayedLinear holds delays from 0 to max_delay = {self.max_delay} steps, got "
                f"{worst:g}: {remedy}"
            )
        with torch.no_grad():
            self.position.copy_(values)
            if self.frozen:
                self._freeze(values)

    def set_sigma(self, sigma: float) -> None:
        """Set the width of the kernel, in steps: > 0 of the Gaussian, >= 1 of the triangle."""
        if not 0 < sigma < math.inf:
            raise ValueError(f"DelayedLinear expects sigma > 0 steps, got {sigma!r}.")
        if self.kernel == "triangle" and sigma < 1:
            raise ValueError(
                f"DelayedLinear expects sigma >= 1 step of a triangle, got {sigma!r}: a narrower "
                "one misses every whole step at some delays."
            )
        if self.frozen:
            raise ValueError("these delays are frozen: a width no longer means anything.")
        self.sigma.fill_(sigma)

    def freeze_delays(self) -> None:
        """Round the delays for good: from here training, too, runs what is deployed."""
        if self.frozen:
            return
        delays = bounded(self.position.detach(), float(self.max_delay))
        if not delays.is_meta and delays.isnan().any():
            raise ValueError(
                "DelayedLinear cannot freeze delays that are NaN: look for a loss that diverged."
            )
        self._freeze(delays)

    @torch.no_grad()
    def _freeze(self, delays: Tensor) -> None:
        self.frozen_delay.copy_(delays.round())
        self.frozen_share.fill_(1)
        self._frozen = True
        # a new tensor, since a backward pass may still want the old one
        self.sigma = torch.zeros_like(self.sigma)
        self._learn_unless_frozen()

    def _apply(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        # before anything is converted, so that a layer that refuses stays as it was
        delays, share = fn(self.frozen_delay.detach()), fn(self.frozen_share.detach())
        converted = delays.dtype != self.frozen_delay.dtype and not delays.is_meta
        if converted and self.frozen:
            before, after = self._whole_delays(), (delays / share).round()
            moved = before.cpu().double() != after.cpu().double()
            if moved.any():
                was = before.expand_as(moved)[moved.to(before.device)][0].item()
                raise ValueError(
                    f"DelayedLinear: a frozen delay of {was:g} steps becomes another in "
                    f"{_checks.short(delays.dtype)}: keep {_checks.short(before.dtype)}."
                )
        return super()._apply(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _learn_unless_frozen(self) -> None:
        # a distributed reducer waits for a gradient of every parameter that it was made with
        distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
        waited_for = distributed and self.position.requires_grad
        self.position.requires_grad_(not self.frozen or waited_for)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.frozen and not keep_vars:
            # an optimiser may have moved the parameter, which no longer means anything
            destination[f"{prefix}position"] = self._whole_delays()

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any) -> None:
        position, sigma = (state_dict.get(f"{prefix}{name}") for name in ("position", "sigma"))
        names = [f"{prefix}frozen_delay", f"{prefix}frozen_share"]
        if not any(name in state_dict for name in names) and None not in (position, sigma):
            # older states: a width of zero stood for frozen delays
            whole = position.detach().clamp(0, self.max_delay).round()
            state_dict[names[0]] = whole.where(sigma == 0, torch.zeros_like(whole))
            state_dict[names[1]] = (sigma == 0).to(sigma)
        super()._load_from_state_dict(state_dict, prefix, *args)
        if self._fixed and not self.frozen:
            self.freeze_delays()
        self._learn_unless_frozen()

    def train(self, mode: bool = True) -> "DelayedLinear":
        """Set the mode; compiled code learns here that an average was frozen."""
        super().train(mode)
        self._frozen = self.frozen
        return self

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
        frozen = self.frozen
        rounded = frozen or (not self.training and self.round_in_evaluation)
        with _checks.in_own_type(x):
            y, history = ops.delayed_linear(
                x, state.history, self.masked_weight, self._delays_in_force(frozen), self.sigma,
                kernel="one-tap" if rounded else self.kernel,
                max_delay=self.max_delay, backend=self.backend,
            )  # fmt: skip
        if self.bias is not None:
            y = y + self.bias
        if frozen and self.position.requires_grad:
            y = _ZeroGradient.apply(y, self.position)  # type: ignore[no-untyped-call]
        return y, DelayedLinearState(history)

    def as_feedback(self, state: DelayedLinearState, recent: Tensor) -> Feedback:
        """Return the connections as the loop of a neuron takes them.

        Args:
            state: of the connections before the step at which they hear ``recent``.
            recent: spikes of the last step [1, B, N].
        """
        frozen, weight = self.frozen, self.masked_weight
        rounded = frozen or (not self.training and self.round_in_evaluation)
        bias = weight.new_zeros(len(weight)) if self.bias is None else self.bias
        return Feedback(
            torch.cat((state.history, recent)), weight, bias, self._delays_in_force(frozen),
            self.sigma, "one-tap" if rounded else self.kernel, self.max_delay,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        frozen = ", frozen" if self.frozen and not self._fixed else ""
        width = self.max_delay / 2 + self.sigma_offset
        wide = self.frozen or math.isclose(self.sigma.item(), width, rel_tol=1e-6)
        others = changed(
            self,
            {
                "per": self.per,
                "weights": self.weights,
                "bias": self.bias is not None,
                "backend": self.backend,
                "sigma": None if wide else self.sigma,
            },
        )
        rounds = [] if self.round_in_evaluation else ["round_in_evaluation=False"]
        always = (
            f"{self.in_features}, {self.out_features}, max_delay={self.max_delay}, "
            f'kernel="{self.kernel}"'
        )
        return ", ".join((always, *others, *rounds)) + self._synapses() + frozen
