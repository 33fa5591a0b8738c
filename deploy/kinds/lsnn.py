"""Current-based leaky integrate-and-fire neurons whose threshold adapts."""

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import FIRING, EventKind, Kind, attributes
from axonal.neuro import LSNN

KIND = Kind(
    equation="`b = adaptation_decay * b`; as `lif` with `h = decay * v + gain * i` and `A = "
    "threshold + beta * b` in place of `threshold`; then `i = synapse_decay * i + I`, and `b = b + "
    "1` after a spike; i is never reset",
    source="Bellec et al. (NeurIPS 2018, arXiv 1803.09574), with a current before the potential; "
    "their beta is beta / (1 - adaptation_decay) here",
    fields=(*FIRING, "synapse_decay", "adaptation_decay", "beta"),
    waits=True,
    since=7,
    layer=LSNN,
    from_layer=attributes(
        synapse_decay="decay_synapse", adaptation_decay="decay_adaptation", beta="beta"
    ),
    executor=EventKind.LSNN,
    trace_decay="synapse_decay",
    coupling="beta",
    extra=("adaptation_decay",),
    brian=BrianForm(
        before=(
            "count = adaptation_decay * count",
            "level = threshold + beta * count",
            "earlier = current",
            "current = synapse_decay * current + (total + bias)",
        ),
        membrane="decay * v + gain * earlier",
        threshold="level",
        after=("count = count + 1",),
    ),
)
