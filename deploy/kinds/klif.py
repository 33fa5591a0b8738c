"""Leaky integrate-and-fire neurons that scale and rectify their potential."""

import torch
from torch import Tensor

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import FIRING, EventKind, Kind
from axonal.neuro import KLIF


def _from_layer(layer: KLIF) -> dict[str, Tensor]:
    return {"scale": layer.k, "divisor": layer.k if layer.scale_reset else torch.ones_like(layer.k)}


KIND = Kind(
    equation="`h = max(scale * (decay * v + gain * I), 0)`; then as `lif`, and `v = v / divisor` "
    "after the reset",
    source="Jiang and Zhang (2023, arXiv 2302.09238), whose k is scale; divisor is 1, or k where "
    "the potential is scaled back",
    fields=(*FIRING, "scale", "divisor"),
    since=7,
    layer=KLIF,
    from_layer=_from_layer,
    executor=EventKind.KLIF,
    coupling="scale",
    extra=("divisor",),
    brian=BrianForm(
        membrane="clip(scale * (decay * v + gain * (total + bias)), 0, inf)",
        last=("v = v / divisor",),
    ),
)
