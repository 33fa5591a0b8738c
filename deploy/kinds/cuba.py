"""Leaky integrate-and-fire neurons driven by a current that decays."""

from torch import Tensor

from axonal.deploy.kinds._kind import FIRING, BrianForm, Kind
from axonal.neuro import CuBaLIF
from axonal.neuro.ops import event_network


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
    executor=event_network.Kind.CUBA,
    trace_decay="synapse_decay",
    brian=BrianForm(
        variables=("current",),
        before=("current = synapse_decay * current + (total + bias)",),
        membrane="decay * v + gain * current",
    ),
)
