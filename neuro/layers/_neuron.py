"""The base classes of leaky neurons: sizes, time constants, thresholds, checks around a run."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers._held import lost
from axonal.neuro.layers._layer import Layer
from axonal.neuro.layers._shown import changed, shown
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._dispatch import BACKENDS
from axonal.neuro.ops.neuron_loop import Feedback
from axonal.neuro.surrogates import ATan
from axonal.neuro.surrogates._own import Derivative, as_surrogate
from axonal.neuro.surrogates._surrogate import Surrogate, operator_form

Size = int | Sequence[int]
Values = float | Sequence[float] | Tensor


def shape_of(module: nn.Module, size: Size) -> tuple[int, ...]:
    """Return ``size`` as a tuple of positive ints; refuse everything else."""
    given = tuple(size) if isinstance(size, Sequence) and not isinstance(size, str) else (size,)
    shape = tuple(n for n in map(_checks.whole, given) if n is not None and n > 0)
    if not shape or len(shape) != len(given):
        raise ValueError(
            f"{_checks.name_of(module)} expects size as a positive int, or (C, H, W), got {size!r}."
        )
    return shape


def _as_values(module: nn.Module, name: str, values: Values, shape: tuple[int, ...]) -> Tensor:
    """Return ``values`` as float64, a scalar or one per neuron."""
    who = _checks.name_of(module)
    try:
        tensor = torch.as_tensor(values, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"{who} expects {name} as a number, or one per neuron, got {values!r}."
        ) from None
    if tensor.ndim and tensor.shape != shape:
        raise ValueError(
            f"{who} expects {name} as a scalar or of shape {shape}, got {tuple(tensor.shape)}."
        )
    return tensor


def positive(module: nn.Module, name: str, values: Values, shape: tuple[int, ...]) -> Tensor:
    """Return ``values`` as float64, a scalar or one per neuron, all positive."""
    who, tensor = _checks.name_of(module), _as_values(module, name, values, shape)
    if _checks.found(~(tensor > 0)):
        worst = tensor.min().item()
        raise ValueError(f"{who} expects {name} > 0, got {name} = {worst:g}.")
    return tensor


def finite(module: nn.Module, name: str, values: Values, shape: tuple[int, ...]) -> Tensor:
    """Return ``values`` in the default type, a scalar or one per neuron, all finite."""
    tensor = _as_values(module, name, values, shape).to(torch.get_default_dtype())
    if _checks.found(~torch.isfinite(tensor)):
        raise ValueError(
            f"{_checks.name_of(module)} expects a finite {name}, got {name} = {shown(tensor)}."
        )
    return tensor


def finite_positive(module: nn.Module, name: str, values: Values, shape: tuple[int, ...]) -> Tensor:
    """Return ``values`` in the default type, where they are finite and not 0 either."""
    dtype = torch.get_default_dtype()
    tensor = positive(module, name, values, shape).to(dtype)
    if _checks.found(torch.isinf(tensor) | (tensor == 0)):
        raise ValueError(
            f"{_checks.name_of(module)} expects a finite {name} > 0, got {name} = {shown(tensor)} "
            f"in {_checks.short(dtype)}."
        )
    return tensor


def known_backend(module: nn.Module, backend: str, known: Sequence[str] = BACKENDS) -> str:
    """Return ``backend``; refuse a name that the operator of a layer does not know."""
    if backend not in known:
        names = ", ".join(known)
        raise ValueError(f"{_checks.name_of(module)} knows the backends {names}; got {backend!r}.")
    return backend


def decay_of(tau: str, doc: str) -> Any:
    """Return a property of a neuron: the factor per step behind the time constant ``tau``."""
    held = tau.replace("tau", "decay")
    learned, fixed = f"{held}_logit", f"{held}_factor"

    def decay(neuron: "LeakyNeuron") -> Tensor:
        if tau in neuron.learn:
            return torch.sigmoid(getattr(neuron, learned))
        factor: Tensor = getattr(neuron, fixed)
        return factor

    return property(decay, doc=doc)


def steps_of(decay: str, doc: str) -> Any:
    """Return a property of a neuron: the steps of the time constant behind its factor ``decay``."""

    def tau(neuron: "LeakyNeuron") -> Tensor:
        factor: Tensor = getattr(neuron, decay).detach()
        return 1 / factor.log().abs() if neuron.decay_form == "exp" else 1 / (1 - factor)

    return property(tau, doc=doc)


class LeakyNeuron(Layer[Any]):
    """Units whose potential decays: size, decays and their parametrisation. Abstract."""

    decay_factor: Tensor
    decay: Tensor = decay_of(
        "tau", "The factor on the potential per step, in (0, 1); a scalar or one per neuron."
    )
    tau: Tensor = steps_of("decay", "The membrane time constant in steps, from the present decay.")
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
        """Hold the factor per step of the time constant ``name``, learned or not."""
        who, steps = _checks.name_of(self), positive(self, name, tau, self.size)
        if self.decay_form == "euler" and _checks.found(steps < 1):
            raise ValueError(
                f'{who} with decay="euler" expects {name} >= 1 step (its factor is 1 - 1 / {name}),'
                f' got {steps.min().item():g}. Use decay="exp" for shorter time constants.'
            )
        factor = torch.exp(-1 / steps) if self.decay_form == "exp" else 1 - 1 / steps
        held, dtype = name.replace("tau", "decay"), torch.get_default_dtype()
        if name in self.learn:
            logit = factor.expand(self.size).logit().to(dtype).contiguous()
            present = torch.sigmoid(logit)
            if _checks.found((present == 0) | (present == 1)):
                raise ValueError(
                    f"{who} cannot learn from a decay of exactly 0 or 1: choose a finite "
                    f"{name} > 1. In {_checks.short(dtype)} {name} = {shown(steps)} is one."
                )
            self.register_parameter(f"{held}_logit", nn.Parameter(logit))
        else:
            if _checks.found((factor.to(dtype) == 1) & steps.isfinite()):
                raise ValueError(
                    f"{who}: {name} = {shown(steps)} is a decay of exactly 1 in "
                    f"{_checks.short(dtype)}, which never decays: choose a shorter one, or "
                    f"{name}=math.inf if that is meant."
                )
            self.register_buffer(f"{held}_factor", factor.to(dtype))

    @abstractmethod
    def init(self, x: Tensor) -> Any:
        """Return the state at rest for inputs like ``x`` [B, N]."""

    @abstractmethod
    def _run(self, x: Tensor, state: Any, decay: Tensor) -> tuple[Tensor, Any]:
        """Run over a checked ``x`` [T, B, N] from a checked state; its field v is looked at."""

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run the units over ``x`` [T, B, N]."""
        decay = self.decay
        if not _checks.fits(x, self.size, decay.dtype):
            x = _checks.own_type(x, decay.dtype)
            _checks.sequence(self, x, self.size, decay.dtype)
        rest = self.init(x[0])
        state = rest if state is None else _checks.start(self, state, rest, x)
        y, state = self._run(x, state, decay)
        _checks.finite(self, state.v, "the potential")
        return y, state

    def _go_on(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        decay = self.decay
        # another type: the layer was converted since
        if x.dtype != decay.dtype or type(self).forward is not LeakyNeuron.forward:
            y, after = self(x, state)
            return y, after
        return self._run_on(x, state, decay)

    def _run_on(self, x: Tensor, state: Any, decay: Tensor) -> tuple[Tensor, Any]:
        """Run as `_run` does and look at v, in a stream: for values alone, inputs like the last."""
        y, after = self._run(x, state, decay)
        _checks.finite(self, after.v, "the potential")
        return y, after

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        size = self.size[0] if len(self.size) == 1 else self.size
        always = f'{size}, tau={shown(self.tau)}, decay="{self.decay_form}"'
        return ", ".join((always, *changed(self, self._settings())))

    def _settings(self) -> dict[str, Any]:
        """Return the settings that ``print(layer)`` shows where they are not the default."""
        return {"decay_input": self.decay_input, "learn": self.learn}

    def _apply(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        # before anything is converted, so that a layer that refuses stays as it was
        for name, held in (*self._parameters.items(), *self._buffers.items()):
            if held is None:
                continue
            given = fn(held.detach())
            problem = None if given.dtype == held.dtype else lost(self, name, held.detach(), given)
            if problem:
                raise ValueError(problem)
        return super()._apply(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _load_from_state_dict(self, state: Any, prefix: str, *args: Any) -> None:
        super()._load_from_state_dict(state, prefix, *args)
        for name, held in (*self._parameters.items(), *self._buffers.items()):
            given = state.get(prefix + name)
            if held is None or not isinstance(given, Tensor) or given.dtype == held.dtype:
                continue
            if problem := lost(self, name, given.detach(), held.detach()):
                args[-1].append(problem)


class SpikingNeuron(LeakyNeuron):
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
        surrogate: Derivative | None,
        learn: Collection[str] | str,
    ) -> None:
        super().__init__(size, tau, decay, decay_input, learn)
        who = _checks.name_of(self)
        if reset not in self._resets:
            known = " or ".join(f'"{name}"' for name in self._resets)
            raise ValueError(f"{who} expects reset {known}, got {reset!r}.")
        refractory = _checks.count(self, "refractory", refractory, 0)
        if reset == "delayed" and refractory:
            raise ValueError(
                f'{who} with reset="delayed" expects refractory = 0 (what it holds is not reset '
                f"yet), got {refractory}."
            )
        self.reset, self.detach_reset, self.refractory = reset, detach_reset, refractory
        self.surrogate = as_surrogate(who, ATan() if surrogate is None else surrogate)
        dtype = torch.get_default_dtype()
        level = positive(self, "threshold", threshold, self.size).to(dtype)
        if _checks.found(torch.isinf(level) | (level == 0)):
            raise ValueError(
                f"{who} expects a finite threshold > 0, got {shown(level)} in "
                f"{_checks.short(dtype)}; neurons that never fire: LeakyIntegrator."
            )
        if "threshold" in self.learn:
            # learned as a logarithm, so that no step of an optimiser can make it negative
            self.log_threshold = nn.Parameter(level.expand(self.size).log().contiguous())
        else:
            self.register_buffer("threshold_level", level)

    @property
    def threshold(self) -> Tensor:
        """The potential at which a neuron fires, > 0; a scalar or one per neuron."""
        return self.log_threshold.exp() if "threshold" in self.learn else self.threshold_level

    def _waiting(self, x: Tensor) -> Tensor | None:
        """Return the refractory steps left at rest, for inputs like ``x`` [B, N]."""
        return torch.zeros_like(x, dtype=torch.int32) if self.refractory else None

    @property
    def surrogate(self) -> Surrogate:
        """The surrogate derivative of the spikes."""
        return self._surrogate

    @surrogate.setter
    def surrogate(self, surrogate: Surrogate) -> None:
        self._surrogate, self._form = surrogate, operator_form(surrogate)

    def __setattr__(self, name: str, value: Any) -> None:
        # before torch, which would take a module for a part of the layer
        if name == "surrogate":
            value = as_surrogate(_checks.name_of(self), value)
        super().__setattr__(name, value)

    @property
    def convention(self) -> Convention:
        """Decay of the input, reset, refractory steps and surrogate, as operators take them."""
        return Convention(
            self.decay_input,
            self.reset,
            self.detach_reset,
            self.refractory,
            *self._form,
        )

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {
            "threshold": self.threshold,
            "reset": self.reset,
            "detach_reset": self.detach_reset,
            "refractory": self.refractory,
            "surrogate": self.surrogate,
        }


class LoopNeuron(SpikingNeuron):
    """Spiking neurons that the loops of ``neuro.ops.neuron_loop`` know. Abstract."""

    @abstractmethod
    def in_loop(
        self, x: Tensor, state: Any, decay: Tensor, feedback: Feedback | None
    ) -> tuple[Tensor, Any]:
        """Run over a checked ``x`` [T, B, ...] with these loops.

        Args:
            x: input.
            state: of the neurons.
            decay: of their potential.
            feedback: connections from the neurons to themselves, if there are any.
        """
