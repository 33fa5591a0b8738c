"""Linear units, which send their value whenever it is not 0: the numbers of a Legendre memory."""

from axonal.deploy.kinds._kind import LEAKY, EventKind, Kind
from axonal.neuro import LegendreMemory

KIND = Kind(
    equation="`v = decay * v + gain * I`",
    sends="v, wherever it is not 0",
    source="Legendre memories (Voelker, Kajić and Eliasmith, NeurIPS 2019), whose A is synapses of "
    "delay 1",
    fields=LEAKY,
    graded=True,
    linear=True,
    resets=("zero",),
    since=5,
    layer=LegendreMemory,
    executor=EventKind.LINEAR,
)
