"""Leaky integrate-and-fire neurons whose gradient is that of their weighted rate."""

from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import InputError, Layer, _checks
from axonal.neuro.layers._neuron import Size, shape_of

FLOOR = 5e-4
"""Lowest threshold of the published code."""


class DSRLIFState(NamedTuple):
    """State of :class:`DSRLIF`: the potential ``u`` after the reset [B, N]."""

    u: Tensor


class DSRLIF(Layer[DSRLIFState]):
    """Leaky integrate-and-fire neurons, differentiated on the representation by their spikes.

        u = d u + (1 - d) x,   d = exp(-1 / tau)
        s = [u >= firing threshold],   u = u - threshold s,   output = threshold tau s

    The weighted rate of a sequence is r(x) = sum_t w_t x_t / sum_t w_t, w_t = exp((t - T) / tau).
    That of the output follows that of the input, clamped to [0, threshold tau]; the backward pass
    takes the derivative of this clamp, whatever the spikes were:

        dL/dx_t = r(g) [0 < r(x) < threshold tau]          for every t
        dL/dthreshold = T / tau sum r(g) [r(x) > threshold tau]

    with g the gradient of the output. It needs r(x) alone, not what happened at each step.

    The form of the published code, whose membrane time constant is 1 and whose step is 1 / tau.
    Every call is differentiated by itself: from chunk to chunk no gradient flows.

    Source: Meng et al., CVPR 2022 (arXiv 2205.00459), as used by Xiao et al., ICLR 2024 (arXiv
    2402.11984).

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0.
        threshold: what a spike takes off the potential, >= 5e-4.
        firing: share of the threshold at which a neuron fires, > 0.
        learn_threshold: make the threshold, one for all neurons, a parameter; below 5e-4 it counts
            as that.

    Returns:
        Called with x [T, B, N] and a state: spikes of the height threshold tau, and a
        :class:`DSRLIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> lif = DSRLIF(1, tau=2.0, threshold=0.5, firing=1.0)
    >>> lif(torch.ones(4, 1, 1))[0].detach().flatten()
    tensor([0., 1., 0., 1.])
    """

    spiking: ClassVar[bool] = True

    def __init__(
        self,
        size: Size,
        tau: float = 20.0,
        *,
        threshold: float = 0.3,
        firing: float = 0.3,
        learn_threshold: bool = True,
    ) -> None:
        super().__init__()
        self.size = shape_of(self, size)
        for name, value, least in (("tau", tau, 0.0), ("firing", firing, 0.0)):
            if not least < value < float("inf"):
                raise ValueError(f"DSRLIF expects {name} > 0, got {value!r}.")
        if not FLOOR <= threshold < float("inf"):
            raise ValueError(f"DSRLIF expects threshold >= {FLOOR}, got {threshold!r}.")
        self.tau, self.firing = float(tau), float(firing)
        self.level = nn.Parameter(torch.tensor(float(threshold)), requires_grad=learn_threshold)

    @property
    def threshold(self) -> Tensor:
        """The amount that a spike takes off the potential; a scalar."""
        # the gradient passes below the floor, so that a threshold can come back
        return self.level.detach().clamp_min(FLOOR) + (self.level - self.level.detach())

    def init(self, x: Tensor) -> DSRLIFState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return DSRLIFState(torch.zeros_like(x))

    def forward(self, x: Tensor, state: DSRLIFState | None = None) -> tuple[Tensor, DSRLIFState]:
        """Run the neurons over ``x`` [T, B, N]."""
        _checks.sequence(self, x, self.size, self.level.dtype)
        rest = self.init(x[0])
        state = rest if state is None else _checks.start(self, state, rest, x)
        y, u = _Run.apply(x, state.u, self.threshold, self.firing, self.tau)  # type: ignore[no-untyped-call]
        _checks.finite(self, u, "the potential")
        return y, DSRLIFState(u)

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        size = self.size[0] if len(self.size) == 1 else self.size
        return f"{size}, tau={self.tau:g}, threshold={self.threshold.item():g}"


class _Run(torch.autograd.Function):
    """The recurrence, and the gradient of the clamp of weighted rates."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, u: Tensor, threshold: Tensor, firing: float, tau: float
    ) -> tuple[Tensor, Tensor]:
        decay = torch.exp(x.new_tensor(-1 / tau))
        spikes = []
        for x_t in x.unbind(0):
            u = decay * u + (1 - decay) * x_t
            s = (u >= firing * threshold).to(x.dtype)
            u = u - threshold * s
            spikes.append(s)
        mean = weighted_rate(x, tau)
        high = threshold * tau
        ctx.save_for_backward((mean > 0) & (mean < high), mean > high)
        ctx.tau, ctx.steps = tau, len(x)
        ctx.mark_non_differentiable(u)
        return torch.stack(spikes) * high, u

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        inside, above = ctx.saved_tensors
        rate = weighted_rate(grad, ctx.tau)
        each = (rate * inside).expand(ctx.steps, *rate.shape)
        of_threshold = ctx.steps / ctx.tau * (rate * above).sum()
        return each, None, of_threshold, None, None


def weighted_rate(x: Tensor, tau: float = 20.0) -> Tensor:
    """Average over time with weights that grow by 1 / tau per step.

        r = sum_t w_t x_t / sum_t w_t,   w_t = exp((t - T) / tau),  t = 1 ... T

    Source: Meng et al., CVPR 2022 (arXiv 2205.00459).

    Args:
        x: [T, B, ...].
        tau: time constant in steps, > 0.

    Returns:
        [B, ...].

    Raises:
        ValueError: for x without steps.

    >>> weighted_rate(torch.tensor([[1.0], [0.0]]), tau=1e9)
    tensor([0.5000])
    """
    if x.ndim < 2 or not len(x):
        raise InputError(f"weighted_rate expects x [T, B, ...] with T >= 1, got {tuple(x.shape)}.")
    ago = torch.arange(len(x) - 1, -1, -1, device=x.device, dtype=x.dtype)
    weights = torch.exp(-ago / tau)
    mean: Tensor = torch.tensordot(weights / weights.sum(), x, dims=1)
    return mean
