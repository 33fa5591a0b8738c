"""Adaptive exponential integrate-and-fire neurons."""

from collections.abc import Mapping

import numpy as np

from axonal._base.array_types import Float64Array
from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import FIRING, EventKind, Kind, attributes
from axonal.neuro import AdEx


def _resting(fields: Mapping[str, Float64Array]) -> Float64Array:
    resting: Float64Array = fields["slope"] * np.exp(-fields["onset"] / fields["slope"])
    return resting


KIND = Kind(
    equation="`i = synapse_decay * i + I`, `e = slope * (exp((min(v, threshold) - onset) / slope) "
    "- exp((0 - onset) / slope))`, `h = decay * v + gain * (i + e - w)`, `w = adaptation_decay * w "
    "+ (1 - adaptation_decay) * (subthreshold * v)`, all from the v and w before; a spike where "
    "`h >= threshold`; then `v = v_reset` and `w = w + jump`, else `v = h`",
    source="Brette and Gerstner (J. Neurophysiol. 94, 2005), in steps of Euler",
    fields=(
        *FIRING, "synapse_decay", "adaptation_decay", "subthreshold", "jump", "slope", "onset",
        "v_reset",
    ),
    resets=("zero",),
    since=7,
    layer=AdEx,
    from_layer=attributes(
        synapse_decay="decay_synapse",
        adaptation_decay="decay_adaptation",
        **{name: name for name in ("subthreshold", "jump", "slope", "onset", "v_reset")},
    ),
    resting=_resting,
    executor=EventKind.ADEX,
    trace_decay="synapse_decay",
    coupling="subthreshold",
    extra=("adaptation_decay", "jump", "slope", "onset", "v_reset"),
    brian=BrianForm(
        before=(
            "current = synapse_decay * current + (total + bias)",
            "upswing = exp((clip(v, -inf, threshold) - onset) / slope)",
            "upswing = upswing - exp((0 - onset) / slope)",
            "drive = current + slope * upswing - slow",
            "slow = adaptation_decay * slow + (1 - adaptation_decay) * (subthreshold * v)",
        ),
        membrane="decay * v + gain * drive",
        after=("v = v_reset", "slow = slow + jump"),
    ),
)  # fmt: skip
