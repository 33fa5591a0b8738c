"""Leaky integrators of a current that decays: membranes that are read out and never fire."""

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import LEAKY, EventKind, Kind

KIND = Kind(
    equation="`i = synapse_decay * i + I`; then `v = decay * v + gain * i`",
    sends="nothing: v is the readout",
    fields=(*LEAKY, "synapse_decay"),
    since=6,
    executor=EventKind.CURRENT_INTEGRATOR,
    trace_decay="synapse_decay",
    brian=BrianForm(
        before=("current = synapse_decay * current + (total + bias)",),
        membrane="decay * v + gain * current",
    ),
)
