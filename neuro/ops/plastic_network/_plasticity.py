"""Rules by which the synapses of a network change while it runs."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import BoolArray, Float64Array, Int8Array

Floats = npt.NDArray[np.floating[Any]]
Step = Callable[[Float64Array, Float64Array, int, int, float], None]
"""One step of a modulator: its state, parameters, counts of spikes, and the fading factor."""


def unmodulated(
    state: Float64Array, parameters: Float64Array, liquid: int, inputs: int, scale: float
) -> None:
    """Leave the depression rate as it is."""


class Plasticity(NamedTuple):
    """Pairs of spikes change weights, at rates that a modulator sets.

    After step t of the network, with a = potentiation · fading^t and m the depression rate,

        Δw = a · up · x_pre · s_post - m · down · x_post · s_pre     excitatory source
        Δw = a · up · x_post · s_pre - m · down · x_pre · s_post     inhibitory source
        w  = min(max(w + Δw, low), high)
        x_pre = pre_decay · (x_pre + increment · s),  x_post = post_decay · (x_post + increment · s)
        c  = calcium_decay · (c + s)
        modulator(m, spikes of the liquid, spikes of the input, fading^t),   m = fading · m

    with up = 1 where 0 < c - level < width and down = 1 where 0 < level - c < width, c that of the
    target; both are 1 without a width. Traces and c are those before the spikes of this step.

    Args:
        potentiation: rate a at the first step.
        fading: factor of all rates per step, in (0, 1].
        pre_decay: trace of a source kept per step.
        post_decay: trace of a target kept per step.
        increment: of a trace at a spike.
        low: smallest weight of the synapses of each source `[N]`.
        high: largest weight of the synapses of each source `[N]`.
        inhibitory: sources with the second rule `[N]`.
        modulation: state of the modulator at the start `[K]`; its first number is m.
        parameters: of the modulator `[P]`.
        step: changes that state in place once per step.
        watch: 1 for the neurons that it counts, 0 for others `[N]`.
        calcium_decay: of c per step.
        level: of c, above which synapses grow and below which they shrink.
        width: of the two bands around it; infinite for no gate at all.
    """

    potentiation: float
    fading: float
    pre_decay: float
    post_decay: float
    increment: float
    low: Floats
    high: Floats
    inhibitory: BoolArray
    modulation: Float64Array
    parameters: Float64Array
    step: Step
    watch: Int8Array
    calcium_decay: float = 0.0
    level: float = 0.0
    width: float = np.inf

    @property
    def gated(self) -> bool:
        """True if calcium decides which synapses change."""
        return bool(np.isfinite(self.width))
