"""Layers of neurons as populations: the kind, what drives it, and its numbers."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from axonal.deploy.exporting import affine, delayed_reset
from axonal.deploy.exporting.affine_signal import Signal
from axonal.deploy.exporting.calls import UnsupportedError
from axonal.deploy.graph.arrays import Floats
from axonal.neuro import (
    ALIF,
    LIF,
    CuBaLIF,
    GradedLIF,
    Layer,
    LeakyIntegrator,
    ResonateAndFire,
)


class Form(NamedTuple):
    """A layer as a population.

    Args:
        kind: of the population.
        drive: what enters it.
        parameters: the other fields of `Population`.
    """

    kind: str
    drive: Signal
    parameters: dict[str, Any]


def neuron(layer: Layer[Any], x: Signal) -> Form:
    """Return the population that a layer is.

    Args:
        layer: neurons in evaluation mode and float64.
        x: the input of the layer.

    Raises:
        UnsupportedError: the layer has no population, or a reset without one.
    """
    for kind, form in _FORMS.items():
        if isinstance(layer, kind):
            return form(layer, x)
    known = ", ".join(kind.__name__ for kind in NEURONS)
    raise UnsupportedError(
        f"a neuron without an event-driven equation here; {known}, IF and PLIF have one"
    )


def _integrator(layer: Any, x: Signal) -> Form:
    return Form("integrator", x, _leak(layer, x))


def _lif(layer: Any, x: Signal) -> Form:
    drive, parameters = _fires(layer, x)
    return Form("lif", drive, parameters)


def _graded(layer: Any, x: Signal) -> Form:
    drive, parameters = _fires(layer, x)
    return Form("graded", drive, parameters)


def _cuba(layer: Any, x: Signal) -> Form:
    synapse = _each(layer.decay_synapse, x)
    drive, parameters = _fires(layer, x, synapse)
    return Form("cuba", drive, {**parameters, "synapse_decay": synapse})


def _alif(layer: Any, x: Signal) -> Form:
    drive, parameters = _fires(layer, x)
    own = {"adaptation_decay": _each(layer.decay_adaptation, x), "beta": _each(layer.beta, x)}
    return Form("alif", drive, {**parameters, **own})


def _resonator(layer: Any, x: Signal) -> Form:
    # computed as the layer does, to the last bit
    decay, omega = layer.decay, layer.omega
    own = {
        "decay": _each(decay * torch.cos(omega), x),
        "rotation": _each(decay * torch.sin(omega), x),
    }
    drive, parameters = _fires(layer, x)
    return Form("resonator", drive, {**parameters, **own})


def _leak(layer: Any, x: Signal) -> dict[str, Any]:
    decay = _each(layer.decay, x)
    return {"decay": decay, "gain": 1 - decay if layer.decay_input else np.ones(x.size)}


def _fires(layer: Any, x: Signal, synapse: Floats | None = None) -> tuple[Signal, dict[str, Any]]:
    """What drives neurons that leak and fire, and their numbers."""
    if layer.reset == "none":
        raise UnsupportedError('reset="none" has no event-driven form here')
    leak, level, reset = _leak(layer, x), _each(layer.threshold, x), layer.reset
    if reset == "delayed":
        x, level = delayed_reset.raised(x, leak["decay"], leak["gain"], level, synapse)
        reset = "subtract"
    return x, {**leak, "threshold": level, "reset": reset, "refractory": layer.refractory}


def _each(values: Tensor, x: Signal) -> Floats:
    """One value a neuron [N]."""
    return np.broadcast_to(affine.numbers(values), x.shape).reshape(x.size)


_FORMS: dict[type[Layer[Any]], Callable[[Any, Signal], Form]] = {
    LIF: _lif,
    CuBaLIF: _cuba,
    ALIF: _alif,
    GradedLIF: _graded,
    ResonateAndFire: _resonator,
    LeakyIntegrator: _integrator,
}
NEURONS = tuple(_FORMS)
"""Layers that are populations; IF and PLIF are LIFs."""
