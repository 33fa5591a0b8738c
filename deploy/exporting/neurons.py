"""Layers of neurons as populations: the kind, what drives it, and its numbers."""

from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from axonal._base.array_types import Float64Array
from axonal.deploy.exporting import affine, delayed_reset, initial_potential
from axonal.deploy.exporting.affine_signal import Signal, constant
from axonal.deploy.exporting.calls import UnsupportedError
from axonal.deploy.kinds import KINDS
from axonal.neuro import IF, Layer


class _Form(NamedTuple):
    """A layer as a population.

    Args:
        kind: of the population.
        drive: signal that enters it.
        parameters: the other fields of `Population`.
    """

    kind: str
    drive: Signal
    parameters: dict[str, Any]


_KINDS = {kind.layer: name for name, kind in KINDS.items() if kind.layer is not None}
NEURONS = tuple(_KINDS)
"""Layers that are populations; their subclasses are, too."""


def neuron(layer: Layer[Any], x: Signal) -> _Form:
    """Return the population that a layer is.

    Args:
        layer: neurons in evaluation mode and float64.
        x: the input of the layer.

    Raises:
        UnsupportedError: the layer has no population, or a reset without one.
    """
    name = next((_KINDS[c] for c in type(layer).__mro__ if c in _KINDS), None)
    if name is None:
        known = ", ".join(c.__name__ for c in NEURONS)
        raise UnsupportedError(
            f"a neuron without an event-driven equation here; {known}, IF and PLIF have one"
        )
    kind = KINDS[name]
    leaky = _leak(layer, x) if "decay" in kind.fields else {}
    fields = {field: _each(values, x) for field, values in kind.from_layer(layer).items()}
    if kind.resting is not None:
        # at every step, so that the current must not take it up again at the next one
        current = kind.resting(fields)
        again = fields["synapse_decay"] * current
        x = x + constant(current.reshape(x.shape), x.shape)
        x = x + constant(-again.reshape(x.shape), x.shape).later(1)
    if not kind.spikes:
        return _Form(name, x, {**leaky, **fields})
    fires: Any = layer
    if fires.reset == "none":
        raise UnsupportedError('reset="none" has no event-driven form here')
    level, reset = _each(fires.threshold, x), fires.reset
    if isinstance(layer, IF) and layer.start:
        x = initial_potential.charged(x, leaky["decay"], leaky["gain"], layer.start * level)
    if reset == "delayed":
        if not leaky:
            raise UnsupportedError('reset="delayed" of a neuron without a decay has no form here')
        synapse = fields.get("synapse_decay")
        x, level = delayed_reset.raised(x, leaky["decay"], leaky["gain"], level, synapse)
        reset = "subtract"
    firing = {"threshold": level, "reset": reset, "refractory": fires.refractory}
    return _Form(name, x, {**leaky, **firing, **fields})


def _leak(layer: Any, x: Signal) -> dict[str, Float64Array]:
    decay = _each(layer.decay, x)
    return {"decay": decay, "gain": 1 - decay if layer.decay_input else np.ones(x.size)}


def _each(values: Tensor, x: Signal) -> Float64Array:
    """One value per neuron [N]."""
    return np.broadcast_to(affine.numbers(values), x.shape).reshape(x.size)
