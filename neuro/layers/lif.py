"""Leaky integrate-and-fire neurons and the leaky integrator that reads them out."""

import math
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro._surrogates import ATan, Surrogate
from axonal.neuro.layers._layer import Layer
from axonal.neuro.ops._choose import BACKENDS
from axonal.neuro.ops.leaky import leaky
from axonal.neuro.ops.lif import lif

Size = int | Sequence[int]
Values = float | Sequence[float] | Tensor


def _size(module: nn.Module, size: Size) -> tuple[int, ...]:
    shape = tuple(size) if isinstance(size, Sequence) and not isinstance(size, str) else (size,)
    if not shape or any(type(n) is not int or n < 1 for n in shape):
        raise ValueError(
            f"{_checks.name_of(module)} expects size as a positive int, or (C, H, W), got {size!r}."
        )
    return shape


def _values(module: nn.Module, name: str, values: Values, shape: tuple[int, ...]) -> Tensor:
    """Return ``values`` as float64, a scalar or one a neuron, all positive."""
    who = _checks.name_of(module)
    try:
        tensor = torch.as_tensor(values, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"{who} expects {name} as a number, or one a neuron, got {values!r}."
        ) from None
    if tensor.ndim and tensor.shape != shape:
        raise ValueError(
            f"{who} expects {name} as a scalar or of shape {shape}, got {tuple(tensor.shape)}."
        )
    if not (tensor > 0).all():
        worst = tensor.min().item()
        raise ValueError(f"{who} expects {name} > 0, got {name} = {worst:g}.")
    return tensor


class _Leaky(Layer[Any]):
    """What spiking and non-spiking leaky neurons share: size, decay and its parametrisation."""

    decay_factor: Tensor
    _learnable: ClassVar[tuple[str, ...]] = ("tau",)

    def __init__(self, size: Size, tau: Values, decay: str, decay_input: bool, learn: Any) -> None:
        super().__init__()
        who = _checks.name_of(self)
        self.size = _size(self, size)
        if decay not in ("exp", "euler"):
            raise ValueError(f'{who} expects decay "exp" or "euler", got {decay!r}.')
        if not isinstance(learn, Collection):
            raise ValueError(f'{who} expects learn as names, such as learn="tau", got {learn!r}.')
        learn = (learn,) if isinstance(learn, str) else tuple(learn)
        unknown = set(learn) - set(self._learnable)
        if unknown:
            known = ", ".join(self._learnable)
            got = ", ".join(sorted(map(str, unknown)))
            raise ValueError(f"{who} can learn {known}; got {got}.")
        self.decay_form, self.decay_input, self.learn = decay, decay_input, learn

        steps = _values(self, "tau", tau, self.size)
        if decay == "euler" and (steps < 1).any():
            raise ValueError(
                f'{who} with decay="euler" expects tau >= 1 step (its factor is 1 - 1 / tau), '
                f'got {steps.min().item():g}. Use decay="exp" for shorter time constants.'
            )
        factor = torch.exp(-1 / steps) if decay == "exp" else 1 - 1 / steps
        if "tau" in learn:
            if ((factor == 0) | (factor == 1)).any():
                raise ValueError(
                    f"{who} cannot learn from a decay of exactly 0 or 1: choose a finite tau > 1."
                )
            factor = factor.expand(self.size).logit()
            self.decay_logit = nn.Parameter(factor.to(torch.get_default_dtype()).contiguous())
        else:
            self.register_buffer("decay_factor", factor.to(torch.get_default_dtype()))

    @property
    def decay(self) -> Tensor:
        """The factor by which the potential shrinks a step, in (0, 1); a scalar or one a neuron."""
        return torch.sigmoid(self.decay_logit) if "tau" in self.learn else self.decay_factor

    @property
    def tau(self) -> Tensor:
        """The membrane time constant in steps, from the present decay."""
        decay = self.decay.detach()
        return 1 / decay.log().abs() if self.decay_form == "exp" else 1 / (1 - decay)

    def extra_repr(self) -> str:
        """Return what ``print(layer)`` shows."""
        size = self.size[0] if len(self.size) == 1 else self.size
        tau = self.tau
        low, high = tau.min().item(), tau.max().item()
        steps = f"{low:.4g}" if math.isclose(low, high) else f"{low:.4g} to {high:.4g}"
        learns = f", learn={self.learn}" if self.learn else ""
        return f'{size}, tau={steps}, decay="{self.decay_form}"{learns}'


class LIFState(NamedTuple):
    """State of :class:`LIF`.

    Attributes:
        v: potential after the reset [B, N].
        wait: refractory steps left [B, N] of int32; ``None`` for a neuron without refractory steps.
    """

    v: Tensor
    wait: Tensor | None


class LIF(_Leaky):
    """Leaky integrate-and-fire neurons in every convention of the field.

    For every step, with h the potential before the reset and d the decay:

        h = d v + x    (``decay_input=True``: h = d v + (1 - d) x)
        s = [h >= threshold]
        v = h (1 - s)  (``reset="subtract"``: v = h - threshold s)

    with d = exp(-1 / tau) (``decay="exp"``) or d = 1 - 1 / tau (``"euler"``). After a spike the
    neuron holds v, ignores its input and is silent for ``refractory`` steps. The backward pass
    replaces the derivative of s by the surrogate's.

    Published conventions: ``LIF(n, 1.005, decay="euler", surrogate=ATan(5))`` is the neuron of the
    learnable-delay networks (arXiv 2306.17670); ``LIF(n, 2, decay="euler", decay_input=True,
    surrogate=Sigmoid(4))`` that of LMUFormer (arXiv 2402.04882), and with ``ATan(2)`` and
    ``detach_reset=False`` that of SpikeGPT (arXiv 2302.13939); ``LIF(n, 20, decay_input=True,
    reset="subtract")`` has the membrane of HLOP (arXiv 2402.11984).

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one a neuron;
            infinity makes an integrate-and-fire neuron.
        threshold: > 0, a scalar or one a neuron.
        decay: ``"exp"`` or ``"euler"``.
        decay_input: scale the input by 1 - d.
        reset: ``"zero"`` or ``"subtract"``.
        detach_reset: let no gradient through the reset.
        refractory: steps of silence after a spike, >= 0.
        surrogate: the surrogate derivative.
        learn: any of ``"tau"``, ``"threshold"``; each gets one value a neuron.
        recompute: for the backward pass keep x instead of the potential, and compute that again.
        backend: of :func:`axonal.neuro.ops.lif.lif`.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and a :class:`LIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> lif = LIF(1, tau=2.0, decay="euler")
    >>> spikes, state = lif(torch.full((3, 1, 1), 0.7))
    >>> spikes.flatten(), state.v.flatten()
    (tensor([0., 1., 0.]), tensor([0.7000]))
    """

    threshold_level: Tensor
    spiking: ClassVar[bool] = True
    _learnable: ClassVar[tuple[str, ...]] = ("tau", "threshold")

    def __init__(
        self,
        size: Size,
        tau: Values = 2.0,
        *,
        threshold: Values = 1.0,
        decay: str = "exp",
        decay_input: bool = False,
        reset: str = "zero",
        detach_reset: bool = True,
        refractory: int = 0,
        surrogate: Surrogate | None = None,
        learn: Collection[str] | str = (),
        recompute: bool = False,
        backend: str = "auto",
    ) -> None:
        super().__init__(size, tau, decay, decay_input, learn)
        if reset not in ("zero", "subtract"):
            raise ValueError(f'LIF expects reset "zero" or "subtract", got {reset!r}.')
        if not isinstance(refractory, int) or refractory < 0:
            raise ValueError(f"LIF expects refractory >= 0 whole steps, got {refractory!r}.")
        if surrogate is not None and not isinstance(surrogate, Surrogate):
            raise TypeError(
                f"LIF expects surrogate as an instance such as ATan(alpha=2), got {surrogate!r}."
            )
        if backend not in BACKENDS:
            known = ", ".join(BACKENDS)
            raise ValueError(f"LIF knows the backends {known}; got {backend!r}.")
        self.reset, self.detach_reset, self.refractory = reset, detach_reset, refractory
        self.surrogate = ATan() if surrogate is None else surrogate
        self.recompute, self.backend = recompute, backend
        level = _values(self, "threshold", threshold, self.size).to(torch.get_default_dtype())
        if torch.isinf(level).any():
            raise ValueError(
                "LIF expects a finite threshold; neurons that never fire: LeakyIntegrator."
            )
        if "threshold" in self.learn:
            # learned as a logarithm, so that no step of an optimiser can make it negative
            self.log_threshold = nn.Parameter(level.expand(self.size).log().contiguous())
        else:
            self.register_buffer("threshold_level", level)

    @property
    def threshold(self) -> Tensor:
        """The potential at which a neuron fires, > 0; a scalar or one a neuron."""
        return self.log_threshold.exp() if "threshold" in self.learn else self.threshold_level

    def init(self, x: Tensor) -> LIFState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        wait = torch.zeros_like(x, dtype=torch.int32) if self.refractory else None
        return LIFState(torch.zeros_like(x), wait)

    def forward(self, x: Tensor, state: LIFState | None = None) -> tuple[Tensor, LIFState]:
        """Run the neurons over ``x`` [T, B, N]."""
        decay, threshold = self.decay, self.threshold
        _checks.sequence(self, x, self.size, decay.dtype)
        fresh = self.init(x[0])
        if state is None:
            state = fresh
        else:
            _checks.state(self, state, fresh, x)
        spikes, v, wait = lif(
            x, state.v, state.wait, decay, threshold,
            decay_input=self.decay_input, reset=self.reset, detach_reset=self.detach_reset,
            refractory=self.refractory, surrogate=self.surrogate.name,
            alpha=float(self.surrogate.alpha), recompute=self.recompute, backend=self.backend,
        )  # fmt: skip
        _checks.finite(self, v, "the potential")
        return spikes, LIFState(v, wait)


class LeakyIntegratorState(NamedTuple):
    """State of :class:`LeakyIntegrator`: the potential ``v`` [B, N]."""

    v: Tensor


class LeakyIntegrator(_Leaky):
    """Leaky integrators, neurons that never fire: the usual readout of a spiking network.

    v_t = d v_{t-1} + x_t, or d v_{t-1} + (1 - d) x_t with ``decay_input``; the output is v. The
    decay d is that of :class:`LIF`.

    Args:
        size: N units, or (C, H, W).
        tau: time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one a unit.
        decay: ``"exp"`` or ``"euler"``.
        decay_input: scale the input by 1 - d.
        learn: ``"tau"`` to learn one time constant a unit.
        backend: of :func:`axonal.neuro.ops.leaky.leaky`.

    Returns:
        Called with x [T, B, N] and a state: v [T, B, N] and a :class:`LeakyIntegratorState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> v, state = LeakyIntegrator(1, tau=2.0, decay="euler")(torch.ones(3, 1, 1))
    >>> v.flatten()
    tensor([1.0000, 1.5000, 1.7500])
    """

    def __init__(
        self,
        size: Size,
        tau: Values = 10.0,
        *,
        decay: str = "exp",
        decay_input: bool = False,
        learn: Collection[str] | str = (),
        backend: str = "auto",
    ) -> None:
        super().__init__(size, tau, decay, decay_input, learn)
        if backend not in BACKENDS:
            known = ", ".join(BACKENDS)
            raise ValueError(f"LeakyIntegrator knows the backends {known}; got {backend!r}.")
        self.backend = backend

    def init(self, x: Tensor) -> LeakyIntegratorState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return LeakyIntegratorState(torch.zeros_like(x))

    def forward(
        self, x: Tensor, state: LeakyIntegratorState | None = None
    ) -> tuple[Tensor, LeakyIntegratorState]:
        """Integrate ``x`` [T, B, N]."""
        decay = self.decay
        _checks.sequence(self, x, self.size, decay.dtype)
        fresh = self.init(x[0])
        if state is None:
            state = fresh
        else:
            _checks.state(self, state, fresh, x)
        potential = leaky(x, state.v, decay, decay_input=self.decay_input, backend=self.backend)
        v = potential[-1]
        _checks.finite(self, v, "the potential")
        return potential, LeakyIntegratorState(v)
