"""Populations: neurons of one kind, by the equations that every back end is held to."""

import math
import operator
from dataclasses import dataclass, field

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.deploy.graph.arrays import floats, freeze
from axonal.deploy.graph.errors import GraphError
from axonal.deploy.kinds import FIELDS, SPIKING


def _empty() -> Float64Array:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind, numbered in C order over their shape.

    With I = bias + Σ w · x(t - delay) over the synapses that arrive at step t, a neuron of kind

        lif:         h = decay · v + gain · I,  spike where h >= threshold, then v = 0 (reset
                     "zero") or h - threshold ("subtract"), and v = h elsewhere;
                     for `refractory` steps after a spike v is held and input ignored
        integrator:  v = decay · v + gain · I, which is read out and sends no events
        input:       sends the events it is given; constant: sends 1.0 at every step

    The equations of all kinds, each in a file of `axonal.deploy.kinds`, are listed in
    docs/event-graph.md.

    Args:
        name: unique name, such as the path of a module.
        kind: one of the kinds, such as "lif".
        shape: shape of the layer; its product is the number of neurons N.
        decay: membrane kept per step `[N]`; like all that follow empty where a kind has none.
        gain: factor of the summed input `[N]`.
        bias: joins the sum at every step `[N]`.
        threshold: threshold `[N]`.
        synapse_decay: current i kept per step `[N]`.
        adaptation_decay: adaptation a kept per step `[N]`.
        beta: rise of the threshold of a neuron that fires at every step, of an `lsnn` by one spike
            `[N]`.
        rotation: share of u and v that the other takes per step `[N]`.
        scale: factor of the potential before the threshold `[N]`.
        divisor: divides the potential after the reset `[N]`, not 0.
        subthreshold: coupling of the adaptation to the membrane `[N]`.
        jump: rise of the adaptation by one spike `[N]`.
        slope: membrane over which the upswing grows e-fold `[N]`, > 0.
        onset: membrane at which the upswing begins `[N]`.
        v_reset: membrane after a spike `[N]`.
        reset: "zero", "subtract" or "threshold".
        refractory: steps without input after a spike, at least 0.
        latency: steps by which it runs behind the network, at least 0; `retime` sets it.

    All variables start at 0. One number in place of an array stands for every neuron.

    Raises:
        GraphError: a field cannot be read as what it should be.

    >>> Population("hidden", "lif", (2, 3), decay=0.5, gain=1, bias=0, threshold=1).size
    6
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    decay: Float64Array = field(default_factory=_empty)
    gain: Float64Array = field(default_factory=_empty)
    bias: Float64Array = field(default_factory=_empty)
    threshold: Float64Array = field(default_factory=_empty)
    synapse_decay: Float64Array = field(default_factory=_empty)
    adaptation_decay: Float64Array = field(default_factory=_empty)
    beta: Float64Array = field(default_factory=_empty)
    rotation: Float64Array = field(default_factory=_empty)
    scale: Float64Array = field(default_factory=_empty)
    divisor: Float64Array = field(default_factory=_empty)
    subthreshold: Float64Array = field(default_factory=_empty)
    jump: Float64Array = field(default_factory=_empty)
    slope: Float64Array = field(default_factory=_empty)
    onset: Float64Array = field(default_factory=_empty)
    v_reset: Float64Array = field(default_factory=_empty)
    reset: str = "zero"
    refractory: int = 0
    latency: int = 0

    def __post_init__(self) -> None:
        where = f"population {self.name!r}"
        try:
            object.__setattr__(self, "shape", tuple(operator.index(n) for n in self.shape))
            for name in ("refractory", "latency"):
                object.__setattr__(self, name, operator.index(getattr(self, name)))
        except TypeError as error:
            raise GraphError(
                f"{where}: shape takes a tuple of whole numbers, refractory and latency a whole "
                f"number, got {self.shape!r}, {self.refractory!r} and {self.latency!r}"
            ) from error
        for name in FIELDS:
            values = floats(getattr(self, name), f"{where}: {name}")
            if values.ndim == 0 and min(self.shape, default=1) > 0:
                values = np.full(self.size, values)
            freeze(self, name, values)

    @property
    def size(self) -> int:
        """Number of neurons N."""
        return math.prod(self.shape)

    @property
    def spiking(self) -> bool:
        """True if its neurons fire."""
        return self.kind in SPIKING
