"""Layers of sequences as populations that hear themselves: Legendre memories and gated units."""

from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import sparse

from axonal.deploy.exporting.affine import numbers
from axonal.deploy.exporting.affine_signal import Signal, constant, identity
from axonal.neuro import EGRU, LegendreMemory


class Recurring(NamedTuple):
    """A layer as a population.

    Args:
        kind: of the population.
        drive: what enters it, its own events of the step before among it.
        parameters: the other fields of `Population`.
        output: what it sends, as the layer's output.
    """

    kind: str
    drive: Signal
    parameters: dict[str, Any]
    output: Signal


def memory(name: str, layer: LegendreMemory, x: Signal) -> Recurring:
    """Legendre memories: linear units with A as synapses from each other, one step late."""
    a, b = (numbers(values) for values in layer._matrices(torch.float64))
    each, shape = sparse.eye_array(layer.inputs), (layer.inputs * layer.order,)
    heard = x.map(sparse.kron(each, b[:, None], format="csr"), shape)
    own = identity(name, shape)
    back = own.later(1).map(sparse.kron(each, a, format="csr"), shape)
    parameters = {"decay": np.zeros(own.size), "gain": np.ones(own.size)}
    return Recurring("linear", heard + back, parameters, own)


def gated(name: str, layer: EGRU, x: Signal) -> Recurring:
    """Event-based gated units: sums of z, r and of both parts of g in compartments of a unit."""
    size = layer.size
    nothing = np.zeros((size, 1))
    z, r, g = np.split(numbers(layer.weight_in), 3)
    back_z, back_r, back_g = np.split(numbers(layer.weight), 3)
    both = numbers(layer.bias_in) + numbers(layer.bias)
    bias = np.concatenate(
        [both[: 2 * size], numbers(layer.bias_in)[2 * size :], numbers(layer.bias)[2 * size :]]
    )
    shape = (4 * size,)
    heard = x.map(_stacked(z, r, g, nothing), shape)
    own = identity(name, shape)
    output = own.map(sparse.eye_array(size, 4 * size, format="csr"), (size,))
    back = output.later(1).map(_stacked(back_z, back_r, nothing, back_g), shape)
    parameters = {
        "gain": np.full(4 * size, 1 - layer.zoneout),
        "threshold": np.concatenate([numbers(layer.threshold), np.zeros(3 * size)]),
        "reset": "subtract",
    }
    return Recurring("egru", heard + back + constant(bias, shape), parameters, output)


def _stacked(*parts: Any) -> sparse.csr_array:
    """Rows of weights one below the other, a column of zeros standing for none."""
    width = max(part.shape[1] for part in parts)
    full = [np.broadcast_to(part, (len(part), width)) for part in parts]
    return sparse.csr_array(np.concatenate(full))
