"""Leaky integrate-and-fire neurons whose threshold adapts."""

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import FIRING, EventKind, Kind, attributes
from axonal.neuro import ALIF

KIND = Kind(
    equation="as `lif` with `A = threshold + beta * a` in place of `threshold`; then `a = "
    "adaptation_decay * a`, and `+ (1 - adaptation_decay)` after a spike",
    source="Bellec et al. (NeurIPS 2018, arXiv 1803.09574), whose beta is beta / (1 - "
    "adaptation_decay) here",
    fields=(*FIRING, "adaptation_decay", "beta"),
    waits=True,
    since=3,
    layer=ALIF,
    from_layer=attributes(adaptation_decay="decay_adaptation", beta="beta"),
    executor=EventKind.ALIF,
    trace_decay="adaptation_decay",
    coupling="beta",
    brian=BrianForm(
        before=("level = threshold + beta * a", "a = adaptation_decay * a"),
        threshold="level",
        after=("a = a + (1 - adaptation_decay)",),
    ),
)
