"""Intrinsic plasticity: gains and offsets that bring activities near a normal distribution."""

from typing import TYPE_CHECKING

import numpy as np

from axonal._base.array_types import Float64Array

if TYPE_CHECKING:
    from axonal.reservoirs.echo_state.echo_state import EchoState


def adapted(model: "EchoState", x: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Gains and offsets [N] after one pass over a series [T, D].

    With net input s, activity y = tanh(g s + h), aims mu and sigma, and rate eta:
    dh = -eta (-mu / sigma^2 + y / sigma^2 (2 sigma^2 + 1 - y^2 + mu y)), dg = eta / g + dh s.

    Raises:
        ValueError: a gain is not positive at the end.

    Source: Schrauwen et al., Neurocomputing 71, 1159 (2008).
    """
    gain, offset = model.gain_.copy(), model.offset_.copy()
    mean, variance = model.plasticity_mean, model.plasticity_deviation**2
    state = np.zeros(model.units)
    for drive in x @ model.input_weights_.T + model.bias_:
        net = model.weights_ @ state + drive
        y = np.tanh(gain * net + offset)
        state = (1 - model.leak) * state + model.leak * y
        change = -model.plasticity_rate * (
            -mean / variance + y / variance * (2 * variance + 1 - y**2 + mean * y)
        )
        gain += model.plasticity_rate / gain + change * net
        offset += change
    if not (gain > 0).all():
        raise ValueError(
            f"EchoState with a plasticity_rate of {model.plasticity_rate:g} lets gains change their"
            " sign: take a lower rate."
        )
    return gain, offset
