"""Leaky integrate-and-fire neurons driven by a current that decays."""

from torch import Tensor

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import FIRING, EventKind, Kind
from axonal.neuro import CuBaLIF


def _from_layer(layer: CuBaLIF) -> dict[str, Tensor]:
    return {"synapse_decay": layer.decay_synapse}


KIND = Kind(
    equation="`i = synapse_decay * i + I`; then as `lif` with `h = decay * v + gain * i`; i is "
    "never reset",
    source="the neuron of Loihi (Davies et al., IEEE Micro 2018)",
    fields=(*FIRING, "synapse_decay"),
    spikes=True,
    waits=True,
    since=3,
    layer=CuBaLIF,
    from_layer=_from_layer,
    executor=EventKind.CUBA,
    trace_decay="synapse_decay",
    brian=BrianForm(
        variables=("current",),
        before=("current = synapse_decay * current + (total + bias)",),
        membrane="decay * v + gain * current",
    ),
)
