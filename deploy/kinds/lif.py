"""Leaky integrate-and-fire neurons."""

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import FIRING, EventKind, Kind
from axonal.neuro import LIF

KIND = Kind(
    equation="`h = decay * v + gain * I`; a spike where `h >= threshold`; then `v = 0` (reset "
    "`zero`) or `h - threshold` (`subtract`), else `v = h`",
    fields=FIRING,
    waits=True,
    layer=LIF,
    executor=EventKind.LIF,
    brian=BrianForm(),
)
