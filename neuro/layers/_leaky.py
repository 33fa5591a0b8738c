"""What leaky neurons share: sizes, time constants, thresholds and the checks around a run."""

import math
from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro._surrogates import ATan, Surrogate
from axonal.neuro.layers._layer import Layer
from axonal.neuro.ops._choose import BACKENDS

Size = int | Sequence[int]
Values = float | Sequence[float] | Tensor


def shape_of(module: nn.Module, size: Size) -> tuple[int, ...]:
    """Return ``size`` as a tuple; refuse what is no positive int or several."""
    shape = tuple(size) if isinstance(size, Sequence) and not isinstance(size, str) else (size,)
    if not shape or any(type(n) is not int or n < 1 for n in shape):
        raise ValueError(
            f"{_checks.name_of(module)} expects size as a positive int, or (C, H, W), got {size!r}."
        )
    return shape


def positive(module: nn.Module, name: str, values: Values, shape: tuple[int, ...]) -> Tensor:
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


def known_backend(module: nn.Module, backend: str) -> str:
    """Return ``backend``; refuse a name that no operator knows."""
    if backend not in BACKENDS:
        known = ", ".join(BACKENDS)
        raise ValueError(f"{_checks.name_of(module)} knows the backends {known}; got {backend!r}.")
    return backend


class Leaky(Layer[Any]):
    """Units whose potential decays: size, decays and their parametrisation. Abstract."""

    decay_factor: Tensor
    _learnable: ClassVar[tuple[str, ...]] = ("tau",)

    def __init__(self, size: Size, tau: Values, decay: str, decay_input: bool, learn: Any) -> None:
        super().__init__()
        who = _checks.name_of(self)
        self.size = shape_of(self, size)
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
        self._hold_decay("tau", tau)

    def _hold_decay(self, name: str, tau: Values) -> None:
        """Hold the factor a step of the time constant ``name``, learned or not."""
        who, steps = _checks.name_of(self), positive(self, name, tau, self.size)
        if self.decay_form == "euler" and (steps < 1).any():
            raise ValueError(
                f'{who} with decay="euler" expects {name} >= 1 step (its factor is 1 - 1 / {name}),'
                f' got {steps.min().item():g}. Use decay="exp" for shorter time constants.'
            )
        factor = torch.exp(-1 / steps) if self.decay_form == "exp" else 1 - 1 / steps
        held = name.replace("tau", "decay")
        if name in self.learn:
            if ((factor == 0) | (factor == 1)).any():
                raise ValueError(
                    f"{who} cannot learn from a decay of exactly 0 or 1: choose a finite "
                    f"{name} > 1."
                )
            logit = factor.expand(self.size).logit().to(torch.get_default_dtype()).contiguous()
            self.register_parameter(f"{held}_logit", nn.Parameter(logit))
        else:
            self.register_buffer(f"{held}_factor", factor.to(torch.get_default_dtype()))

    def _decay_of(self, name: str) -> Tensor:
        held = name.replace("tau", "decay")
        if name in self.learn:
            return torch.sigmoid(getattr(self, f"{held}_logit"))
        factor: Tensor = getattr(self, f"{held}_factor")
        return factor

    def _steps_of(self, decay: Tensor) -> Tensor:
        decay = decay.detach()
        return 1 / decay.log().abs() if self.decay_form == "exp" else 1 / (1 - decay)

    @property
    def decay(self) -> Tensor:
        """The factor by which the potential shrinks a step, in (0, 1); a scalar or one a neuron."""
        return self._decay_of("tau")

    @property
    def tau(self) -> Tensor:
        """The membrane time constant in steps, from the present decay."""
        return self._steps_of(self.decay)

    @abstractmethod
    def init(self, x: Tensor) -> Any:
        """Return the state at rest for inputs like ``x`` [B, N]."""

    @abstractmethod
    def _run(self, x: Tensor, state: Any, decay: Tensor) -> tuple[Tensor, Any]:
        """Run over a checked ``x`` [T, B, N] from a checked state; its field v is looked at."""

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run the units over ``x`` [T, B, N]."""
        decay = self.decay
        _checks.sequence(self, x, self.size, decay.dtype)
        fresh = self.init(x[0])
        if state is None:
            state = fresh
        else:
            _checks.state(self, state, fresh, x)
        y, state = self._run(x, state, decay)
        _checks.finite(self, state.v, "the potential")
        return y, state

    def extra_repr(self) -> str:
        """Return what ``print(layer)`` shows."""
        size = self.size[0] if len(self.size) == 1 else self.size
        learns = f", learn={self.learn}" if self.learn else ""
        return f'{size}, tau={shown(self.tau)}, decay="{self.decay_form}"{learns}'


def shown(values: Tensor) -> str:
    """Return a number, or the range of several, as ``print(layer)`` shows it."""
    low, high = values.min().item(), values.max().item()
    return f"{low:.4g}" if math.isclose(low, high) else f"{low:.4g} to {high:.4g}"


class Firing(Leaky):
    """Leaky units that fire: threshold, reset, refractory steps and surrogate. Abstract."""

    threshold_level: Tensor
    spiking: ClassVar[bool] = True
    _learnable: ClassVar[tuple[str, ...]] = ("tau", "threshold")
    _resets: ClassVar[tuple[str, ...]] = ("zero", "subtract")

    def __init__(
        self,
        size: Size,
        tau: Values,
        *,
        threshold: Values,
        decay: str,
        decay_input: bool,
        reset: str,
        detach_reset: bool,
        refractory: int,
        surrogate: Surrogate | None,
        learn: Collection[str] | str,
    ) -> None:
        super().__init__(size, tau, decay, decay_input, learn)
        who = _checks.name_of(self)
        if reset not in self._resets:
            known = " or ".join(f'"{name}"' for name in self._resets)
            raise ValueError(f"{who} expects reset {known}, got {reset!r}.")
        if not isinstance(refractory, int) or refractory < 0:
            raise ValueError(f"{who} expects refractory >= 0 whole steps, got {refractory!r}.")
        if surrogate is not None and not isinstance(surrogate, Surrogate):
            raise TypeError(
                f"{who} expects surrogate as an instance such as ATan(alpha=2), got {surrogate!r}."
            )
        if reset == "delayed" and refractory:
            raise ValueError(
                f'{who} with reset="delayed" expects refractory = 0 (what it holds is not reset '
                f"yet), got {refractory}."
            )
        self.reset, self.detach_reset, self.refractory = reset, detach_reset, refractory
        self.surrogate = ATan() if surrogate is None else surrogate
        level = positive(self, "threshold", threshold, self.size).to(torch.get_default_dtype())
        if torch.isinf(level).any():
            raise ValueError(
                f"{who} expects a finite threshold; neurons that never fire: LeakyIntegrator."
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

    def _waiting(self, x: Tensor) -> Tensor | None:
        """Return the refractory steps left at rest, for inputs like ``x`` [B, N]."""
        return torch.zeros_like(x, dtype=torch.int32) if self.refractory else None

    def _choices(self) -> dict[str, Any]:
        """Return what the operator ``lif`` wants to know."""
        return {
            "decay_input": self.decay_input,
            "reset": self.reset,
            "detach_reset": self.detach_reset,
            "refractory": self.refractory,
            "surrogate": self.surrogate.name,
            "alpha": float(self.surrogate.alpha),
        }
