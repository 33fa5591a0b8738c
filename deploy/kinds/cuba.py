"""Leaky integrate-and-fire neurons driven by a current that decays."""

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import FIRING, EventKind, Kind, attributes
from axonal.neuro import CuBaLIF

KIND = Kind(
    equation="`i = synapse_decay * i + I`; then as `lif` with `h = decay * v + gain * i`; i is "
    "never reset",
    source="the neuron of Loihi (Davies et al., IEEE Micro 2018)",
    fields=(*FIRING, "synapse_decay"),
    waits=True,
    since=3,
    layer=CuBaLIF,
    from_layer=attributes(synapse_decay="decay_synapse"),
    executor=EventKind.CUBA,
    trace_decay="synapse_decay",
    brian=BrianForm(
        before=("current = synapse_decay * current + (total + bias)",),
        membrane="decay * v + gain * current",
    ),
)
