"""Resonate-and-fire neurons: damped oscillators."""

import torch
from torch import Tensor

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import FIRING, EventKind, Kind
from axonal.neuro import ResonateAndFire


def _from_layer(layer: ResonateAndFire) -> dict[str, Tensor]:
    # computed as the layer does, to the last bit
    decay, omega = layer.decay, layer.omega
    return {"decay": decay * torch.cos(omega), "rotation": decay * torch.sin(omega)}


KIND = Kind(
    equation="`u, v = (decay * u - rotation * v) + gain * I, rotation * u + decay * v`, both from "
    "the u and v before; a spike where `v >= threshold`; then `u = 0` and `v = 0` (reset `zero`) "
    "or `v = threshold` (`threshold`)",
    source="Izhikevich (Neural Networks 14, 2001), with decay + i rotation = exp(-1 / tau + i "
    "omega)",
    fields=(*FIRING, "rotation"),
    resets=("zero", "threshold"),
    since=3,
    layer=ResonateAndFire,
    from_layer=_from_layer,
    executor=EventKind.RESONATOR,
    coupling="rotation",
    brian=BrianForm(
        before=("earlier = u", "u = decay * u - rotation * v + gain * (total + bias)"),
        membrane="rotation * earlier + decay * v",
        after=("u = 0",),
    ),
)
