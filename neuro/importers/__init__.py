"""Networks of other frameworks, with the same spikes: their modules in, a Network out.

The frameworks are never imported: their modules come with them.
"""

from axonal.neuro.importers._rules import ConversionError
from axonal.neuro.importers.ann import from_ann
from axonal.neuro.importers.clip_floor_shift import ClipFloorShift
from axonal.neuro.importers.loops.time_loop import TimeLoop
from axonal.neuro.importers.norse import from_norse
from axonal.neuro.importers.snntorch import from_snntorch
from axonal.neuro.importers.spikingjelly import from_spikingjelly

__all__ = [
    "ClipFloorShift",
    "ConversionError",
    "TimeLoop",
    "from_ann",
    "from_norse",
    "from_snntorch",
    "from_spikingjelly",
]
