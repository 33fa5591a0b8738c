"""Event-based gated units, each of which sums its input in four compartments."""

from axonal.deploy.kinds._kind import EventKind, Kind
from axonal.neuro import EGRU

KIND = Kind(
    equation="of M neurons the first N = M / 4 are units, with z, r, a and b the I of the neurons "
    "n, N + n, 2 N + n and 3 N + n: `z, r = 1 / (1 + exp(-z)), 1 / (1 + exp(-r))`, "
    "`g = tanh(a + r * b)`, `u = z * v + (1 - z) * g`, `h = v + gain * (u - v)`, or u where gain "
    "is 1; an event where `h > threshold`; then `v = h - threshold`, else `v = h`",
    sends="of units h, the state before the reset; nothing of the others",
    source="Subramoney et al. (ICLR 2023, arXiv 2206.06178), the reset as in its published code",
    fields=("gain", "bias", "threshold"),
    graded=True,
    strict=True,
    compartments=4,
    resets=("subtract",),
    since=5,
    layer=EGRU,
    executor=EventKind.EGRU,
)
