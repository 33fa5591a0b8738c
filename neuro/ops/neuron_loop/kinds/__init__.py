"""Neurons with one more number than their potential, one file per kind."""

from axonal.neuro.ops.neuron_loop.kinds._kind import Kind
from axonal.neuro.ops.neuron_loop.kinds._parameters import Parameters
from axonal.neuro.ops.neuron_loop.kinds.alif import ALIF
from axonal.neuro.ops.neuron_loop.kinds.cubalif import CUBALIF
from axonal.neuro.ops.neuron_loop.kinds.klif import KLIF, KLIF_BACK
from axonal.neuro.ops.neuron_loop.kinds.lif import LIF
from axonal.neuro.ops.neuron_loop.kinds.lsnn import LSNN

__all__ = ["KINDS", "Kind", "Parameters"]

KINDS: dict[str, Kind] = {
    "lif": LIF,
    "alif": ALIF,
    "cubalif": CUBALIF,
    "klif": KLIF,
    "klif_back": KLIF_BACK,
    "lsnn": LSNN,
}
