"""Leaky integrate-and-fire neurons."""

from axonal.deploy.kinds._kind import FIRING, BrianForm, Kind
from axonal.neuro import LIF
from axonal.neuro.ops import event_network

KIND = Kind(
    equation="`h = decay * v + gain * I`; a spike where `h >= threshold`; then `v = 0` (reset "
    "`zero`) or `h - threshold` (`subtract`), else `v = h`",
    fields=FIRING,
    spikes=True,
    waits=True,
    layer=LIF,
    executor=event_network.Kind.LIF,
    brian=BrianForm(),
)
