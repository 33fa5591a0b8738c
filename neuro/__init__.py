"""Differentiable spiking layers with explicit states, and the networks made of them."""

import importlib
from typing import TYPE_CHECKING, Any

from torch.serialization import add_safe_globals

from axonal.neuro import surrogates
from axonal.neuro._checks import InputError
from axonal.neuro.batches import collate
from axonal.neuro.events import Events
from axonal.neuro.generation import generate
from axonal.neuro.importers import (
    ClipFloorShift,
    ConversionError,
    TimeLoop,
    from_ann,
    from_norse,
    from_snntorch,
    from_spikingjelly,
)
from axonal.neuro.layers import (
    ALIF,
    EGRU,
    IF,
    KLIF,
    LIF,
    LMU,
    LSNN,
    MLGRU,
    PLIF,
    AdEx,
    AdExState,
    ALIFState,
    BatchNorm,
    BinaryEmbedding,
    BitLinear,
    Cell,
    Conv2d,
    CuBaLIF,
    CuBaLIFState,
    DelayedConv1d,
    DelayedConv2d,
    DelayedConvState,
    DelayedLinear,
    DelayedLinearState,
    Dropout,
    EGRUState,
    EventTrace,
    GradedLIF,
    KLIFState,
    Layer,
    LeakyIntegrator,
    LeakyIntegratorState,
    LeakyRNN,
    LeakyRNNState,
    LegendreMemory,
    LegendreMemoryState,
    LIFState,
    Lift,
    Linear,
    LowerBounds,
    LSNNState,
    MLGRUState,
    PackedBitLinear,
    ResonateAndFire,
    ResonateAndFireState,
    SparseEGRU,
    SpikingRFFN,
    SpikingRFFNState,
    SpikingRWKV,
    SpikingRWKVState,
    TemporalConv,
    TemporalConvState,
    TernaryGLU,
    TernaryGLUState,
    TwoPoint,
    detach,
    event_traces,
)
from axonal.neuro.losses import (
    first_spike_loss,
    first_spike_time,
    max_over_time,
    max_over_time_loss,
    mean_over_time,
    rate_loss,
    spike_rate_regulariser,
    spike_time_loss,
    summed_softmax,
    summed_softmax_loss,
)
from axonal.neuro.models import (
    DelaySNN,
    LMUFormer,
    QKAttention,
    SpikeDrivenSelfAttention,
    SpikeGPT,
    SpikingLMU,
    SpikingLMUFormer,
    SpikingTransformer,
    TernaryLM,
)
from axonal.neuro.network import (
    Decision,
    LayerReport,
    Network,
    NetworkError,
    Recurrent,
    RecurrentState,
    RunningReadout,
    Sequential,
    SpikeReport,
    Streamer,
    record,
    spike_report,
)
from axonal.neuro.next_token import next_token_loss
from axonal.neuro.optim import SigmaSchedule, freeze_delays, param_groups, set_sigma
from axonal.neuro.surrogates import *  # noqa: F403 (a new one is named there alone)

if TYPE_CHECKING:
    from axonal.neuro.event_driven.event_lif import EventLIF
    from axonal.neuro.event_driven.event_network import EventNetwork
    from axonal.neuro.event_driven.event_readout import EventReadout
    from axonal.neuro.event_driven.event_report import EventReport, event_report
    from axonal.neuro.event_driven.silent_neurons import SilentNeurons

__all__ = [
    *surrogates.__all__,
    "AdEx",
    "AdExState",
    "LSNN",
    "LSNNState",
    "KLIF",
    "KLIFState",
    "ALIF",
    "EGRU",
    "IF",
    "LIF",
    "LMU",
    "MLGRU",
    "LMUFormer",
    "PLIF",
    "ALIFState",
    "BatchNorm",
    "BinaryEmbedding",
    "BitLinear",
    "Cell",
    "ClipFloorShift",
    "Conv2d",
    "ConversionError",
    "CuBaLIF",
    "CuBaLIFState",
    "Decision",
    "DelaySNN",
    "DelayedConv1d",
    "DelayedConv2d",
    "DelayedConvState",
    "DelayedLinear",
    "DelayedLinearState",
    "Dropout",
    "EGRUState",
    "EventLIF",
    "EventNetwork",
    "EventReadout",
    "EventReport",
    "EventTrace",
    "Events",
    "GradedLIF",
    "InputError",
    "LIFState",
    "LegendreMemory",
    "LegendreMemoryState",
    "Layer",
    "LayerReport",
    "LeakyIntegrator",
    "LeakyIntegratorState",
    "LeakyRNN",
    "LeakyRNNState",
    "Lift",
    "Linear",
    "LowerBounds",
    "MLGRUState",
    "Network",
    "NetworkError",
    "QKAttention",
    "Recurrent",
    "RecurrentState",
    "PackedBitLinear",
    "ResonateAndFire",
    "ResonateAndFireState",
    "RunningReadout",
    "TemporalConv",
    "TemporalConvState",
    "Sequential",
    "SigmaSchedule",
    "SilentNeurons",
    "SparseEGRU",
    "SpikeReport",
    "SpikeDrivenSelfAttention",
    "SpikeGPT",
    "SpikingLMU",
    "SpikingLMUFormer",
    "SpikingTransformer",
    "SpikingRFFN",
    "SpikingRFFNState",
    "SpikingRWKV",
    "SpikingRWKVState",
    "Streamer",
    "TernaryGLU",
    "TernaryGLUState",
    "TernaryLM",
    "TimeLoop",
    "TwoPoint",
    "collate",
    "detach",
    "event_report",
    "event_traces",
    "first_spike_loss",
    "first_spike_time",
    "freeze_delays",
    "from_ann",
    "from_norse",
    "from_snntorch",
    "from_spikingjelly",
    "generate",
    "max_over_time",
    "max_over_time_loss",
    "mean_over_time",
    "next_token_loss",
    "param_groups",
    "rate_loss",
    "record",
    "set_sigma",
    "spike_rate_regulariser",
    "spike_report",
    "spike_time_loss",
    "summed_softmax",
    "summed_softmax_loss",
]  # fmt: skip

# What `torch.save` wrote of a state, `torch.load(weights_only=True)` may make again: these classes
# hold tensors and do nothing. A state of one's own is named to torch in the same way.
add_safe_globals(
    [
        ALIFState,
        CuBaLIFState,
        DelayedConvState,
        DelayedLinearState,
        KLIFState,
        LSNNState,
        AdExState,
        EGRUState,
        Events,
        LIFState,
        LegendreMemoryState,
        LeakyIntegratorState,
        LeakyRNNState,
        RecurrentState,
        ResonateAndFireState,
        MLGRUState,
        SpikingRFFNState,
        SpikingRWKVState,
        TemporalConvState,
        TernaryGLUState,
    ]
)

_EVENT_DRIVEN = (
    "EventLIF",
    "EventNetwork",
    "EventReadout",
    "EventReport",
    "SilentNeurons",
    "event_report",
)


def __getattr__(name: str) -> Any:
    # These layers tell torch's compiler to leave them alone, and so import it, which takes as long
    # as torch itself: only where they are used.
    if name in _EVENT_DRIVEN:
        return getattr(importlib.import_module("axonal.neuro.event_driven"), name)
    raise AttributeError(f"module 'axonal.neuro' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_EVENT_DRIVEN})
