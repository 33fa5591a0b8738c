"""Neurons with given factors: the values of another framework, not rounded by a time constant."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro.importers._rules import Site, UnlikeError
from axonal.neuro.layers import LIF, CuBaLIF, LeakyIntegrator, Linear
from axonal.neuro.layers._neuron import SpikingNeuron
from axonal.neuro.surrogates import Surrogate


def values(name: str, setting: Any, size: tuple[int, ...]) -> Tensor:
    """Return a setting as float64, a scalar or one per neuron."""
    try:
        tensor = torch.as_tensor(setting).detach().cpu().double()
        return tensor.reshape(()) if tensor.numel() == 1 else tensor.expand(size).clone()
    except (TypeError, ValueError, RuntimeError):
        got = f"of shape {tuple(setting.shape)}" if isinstance(setting, Tensor) else repr(setting)
        raise UnlikeError(f"{name} is {got}, for neurons of shape {size}") from None


def neuron(
    site: Site,
    *,
    decay: Any,
    threshold: Any,
    form: str,
    synapse: Any = None,
    adaptation: Any = None,
    make: Any = None,
    exact: Mapping[str, Any] | None = None,
    signed: Mapping[str, Any] | None = None,
    strict: bool = False,
    learn: tuple[str, ...] = (),
    surrogate: Surrogate | None = None,
    **settings: Any,
) -> SpikingNeuron:
    """Make a neuron, a LIF or with a ``synapse`` a CuBaLIF, that holds the given factors.

    Args:
        site: where it stands.
        decay: factor of the potential per step, 0 to 1, a scalar or one per neuron.
        threshold: > 0, likewise.
        form: "exp" or "euler": how time constants are told from factors.
        synapse: factor of the current per step.
        adaptation: factor of the adaptation per step, of neurons that have one.
        make: class of another neuron.
        exact: parameters that it holds as they are, by name, each > 0 and finite.
        signed: parameters likewise that need not be > 0.
        strict: fire above the threshold only, not at it: the threshold held is the next number.
        learn: what is learned.
        surrogate: what the original has, if it is known here.
        settings: of the neuron.

    Raises:
        UnlikeError: for values that no neuron here can have.
    """
    level = values("threshold", threshold, site.size)
    if not ((level > 0) & (level < math.inf)).all():
        raise UnlikeError(
            f"its threshold is {level.min().item():g} above the potential at rest, not > 0"
        )
    level = level.to(site.dtype)
    if strict:
        level = torch.nextafter(level, torch.full_like(level, math.inf))
    surrogate = site.surrogate or surrogate
    settings |= {"decay": form, "learn": learn, "surrogate": surrogate}
    layer: Any = (make or (LIF if synapse is None else CuBaLIF))(site.size, **settings)
    layer.to(site.device, site.dtype)
    _hold(layer, "tau", decay, site)
    if synapse is not None:
        _hold(layer, "tau_synapse", synapse, site)
    if adaptation is not None:
        _hold(layer, "tau_adaptation", adaptation, site)
    for name, setting in (exact or {}).items():
        value = values(name, setting, site.size)
        if not ((value > 0) & (value < math.inf)).all():
            raise UnlikeError(f"{name}={value.min().item():g} is not a finite number > 0")
        _put(layer, name, value, site)
    for name, setting in (signed or {}).items():
        value = values(name, setting, site.size)
        if not value.isfinite().all():
            raise UnlikeError(f"{name} is not finite")
        _put(layer, name, value, site)
    with torch.no_grad():
        if "threshold" in learn:
            layer.log_threshold.copy_(level.log())
        else:
            layer.threshold_level = level.to(site.device)
    made: SpikingNeuron = layer
    return made


def integrator(site: Site, *, decay: Any, decay_input: bool) -> LeakyIntegrator:
    """Make a leaky integrator that holds the given factor."""
    layer = LeakyIntegrator(site.size, decay="euler", decay_input=decay_input)
    layer.to(site.device, site.dtype)
    _hold(layer, "tau", decay, site)
    return layer


def connections(site: Site, weight: Tensor, *, mask: Tensor | None = None) -> Linear:
    """Make linear connections without a bias that hold a copy of ``weight`` [M, N]."""
    outputs, inputs = weight.shape
    layer = Linear(inputs, outputs, bias=False, mask=mask).to(site.device, site.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
    return layer.requires_grad_(weight.requires_grad)


def chain(**parts: nn.Module) -> nn.Sequential:
    """Return the parts one after another, under their names."""
    layers = nn.Sequential()
    for name, part in parts.items():
        layers.add_module(name, part)
    return layers


def required(module: nn.Module, **wanted: Any) -> None:
    """Refuse a module one of whose settings is not the wanted one."""
    for name, value in wanted.items():
        got = getattr(module, name)
        if isinstance(got, Tensor):
            got = got.item() if got.numel() == 1 else got.tolist()
        if got != value:
            raise UnlikeError(f"{name}={got} has no equivalent; {name}={value} has")


def _put(layer: nn.Module, name: str, value: Tensor, site: Site) -> None:
    """Hold a value in a parameter or a buffer, which no initial value has rounded."""
    value, held = value.to(site.device, site.dtype), getattr(layer, name)
    if isinstance(held, nn.Parameter):
        with torch.no_grad():
            held.copy_(value)
    else:
        setattr(layer, name, value)


def _hold(layer: Any, name: str, factor: Any, site: Site) -> None:
    """Hold a factor per step in place of that of the time constant ``name``."""
    held, decay = name.replace("tau", "decay"), values(f"the factor of {name}", factor, site.size)
    if not ((decay >= 0) & (decay <= 1)).all():
        worst = decay[(decay < 0) | (decay > 1)].flatten()[0].item()
        raise UnlikeError(f"a factor of {worst:g} per step is not between 0 and 1")
    if name not in layer.learn:
        setattr(layer, f"{held}_factor", decay.to(site.device, site.dtype))
        return
    if ((decay == 0) | (decay == 1)).any():
        raise UnlikeError("it learns from a decay of exactly 0 or 1, where a sigmoid has no slope")
    with torch.no_grad():
        getattr(layer, f"{held}_logit").copy_(decay.logit())
