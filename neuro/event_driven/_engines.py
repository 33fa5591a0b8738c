"""The engines by which event-driven layers run, and what each can express."""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.events import Events
from axonal.neuro.layers import CuBaLIF, DelayedLinear, LeakyIntegrator, Linear
from axonal.neuro.layers._neuron import LeakyNeuron
from axonal.neuro.ops._event_arguments import precise

ENGINES = ("exact", "eventprop", "surrogate")


def known_engine(who: str, engine: str) -> str:
    """Return ``engine``; refuse a name that is none."""
    if engine not in ENGINES:
        raise ValueError(f"{who} knows the engines {', '.join(ENGINES)}; got {engine!r}.")
    return engine


def check_synapses(who: str, layer: nn.Module) -> None:
    """Refuse connections that have no event-driven form."""
    if not isinstance(layer, (DelayedLinear, Linear)):
        raise TypeError(
            f"{who} expects connections as a DelayedLinear or a Linear, got "
            f"{_checks.name_of(layer)}."
        )
    if layer.bias is not None:
        raise ValueError(
            f"{who} expects connections without a bias, which acts between spikes: write "
            f"{_checks.name_of(layer)}(..., bias=False)."
        )


def check_sizes(who: str, synapses: Any, *others: Any) -> None:
    """Refuse connections and neurons of other numbers than those before them."""
    size = synapses.weight.shape[0]
    for layer in others:
        if layer is None:
            continue
        sizes = (
            {math.prod(layer.size)} if isinstance(layer, LeakyNeuron) else set(layer.weight.shape)
        )
        if sizes != {size}:
            raise ValueError(
                f"{who} expects {size} neurons behind these connections, got "
                f"{' to '.join(map(str, sorted(sizes)))} in {_checks.name_of(layer)}."
            )


def as_events(who: str, x: Events | Tensor, weight: Tensor | None = None) -> Events:
    """Return events, of spikes [T, B, N] as well; refuse everything else.

    Operators check the events themselves; weights of few digits are refused here, because time
    constants come of the parameters beside them.
    """
    if weight is not None:
        precise(who, "weights", weight)
    if isinstance(x, Events):
        return x
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{who} expects Events, or spikes [T, B, N], got {type(x).__name__}: write "
            "Events.of(times, indices, size, duration)."
        )
    return Events.from_dense(x)


def check_neurons(who: str, neurons: nn.Module) -> None:
    """Refuse neurons whose equation is not that of the event-driven operators."""
    if not isinstance(neurons, CuBaLIF):
        raise TypeError(
            f"{who} expects neurons as a CuBaLIF, the kind whose spikes have exact times, got "
            f"{_checks.name_of(neurons)}."
        )
    wanted = {"decay_form": "exp", "decay_input": True, "reset": "zero"}
    for attribute, value in wanted.items():
        if getattr(neurons, attribute) != value:
            argument = attribute.removesuffix("_form")
            raise ValueError(
                f"{who} expects CuBaLIF(..., {argument}={value!r}), got "
                f"{getattr(neurons, attribute)!r}: the continuous equation has no other."
            )


def check_integrator(who: str, layer: nn.Module, decay_input: bool) -> None:
    """Refuse a leaky integrator whose equation is not that of the event-driven readout."""
    if not isinstance(layer, LeakyIntegrator):
        raise TypeError(f"{who} expects a LeakyIntegrator, got {_checks.name_of(layer)}.")
    if layer.decay_form != "exp" or layer.decay_input != decay_input:
        raise ValueError(
            f'{who} expects LeakyIntegrator(..., decay="exp", decay_input={decay_input}), got '
            f'decay="{layer.decay_form}", decay_input={layer.decay_input}.'
        )


def time_constant(neurons: LeakyNeuron, name: str = "tau") -> Tensor:
    """Return a time constant in steps in float64, decay = exp(-1 / tau); gradients flow through it.

    Of a decay that is not learned it is the shortest decimal number whose decay is this one in its
    own type: 20.0 where 20 was given. An operator may rely on ratios such as tau = 2 tau_synapse.
    """
    held = name.replace("tau", "decay")
    if name in neurons.learn:
        # from the parameter itself: a decay near 1 has few digits of tau left in single precision
        return 1 / F.softplus(-getattr(neurons, f"{held}_logit").double())
    decay: Tensor = getattr(neurons, held)
    if torch._C._functorch.maybe_current_level() is not None:
        # a transform of torch.func holds tensors whose numbers cannot be seen
        return -1 / torch.log(decay.double())
    unlike, place = np.unique(decay.detach().cpu().numpy(), return_inverse=True)
    numbers = torch.tensor([_shortest(d) for d in unlike], dtype=torch.float64)
    return numbers[torch.from_numpy(np.atleast_1d(place))].reshape(decay.shape)


def _shortest(decay: np.floating[Any]) -> float:
    """Return the decimal number of fewest digits whose decay is ``decay``."""
    if not 0 < decay < 1:
        return math.inf if decay > 0 else 0.0
    exact = -1 / math.log(float(decay))
    rounded = (float(f"{exact:.{digits}g}") for digits in range(1, 17))
    kind = type(decay)
    return next((tau for tau in rounded if kind(math.exp(-1 / tau)) == decay), exact)
