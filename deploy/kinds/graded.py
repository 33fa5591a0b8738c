"""Leaky integrate-and-fire neurons whose spikes carry their potential."""

from axonal.deploy.kinds._kind import FIRING, EventKind, Kind
from axonal.neuro import GradedLIF

KIND = Kind(
    equation="as `lif`",
    sends="its spikes, each of which carries h, the potential before the reset",
    source="payloads as Loihi 2 can send (Orchard et al., SiPS 2021, arXiv 2111.03746)",
    fields=FIRING,
    graded=True,
    waits=True,
    since=3,
    layer=GradedLIF,
    executor=EventKind.GRADED,
)
