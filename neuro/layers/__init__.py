"""Layers: neurons, connections, norms and dropout."""

from axonal.neuro.layers._delayed_conv import DelayedConvState
from axonal.neuro.layers._layer import Layer, detach
from axonal.neuro.layers.adex import AdEx, AdExState
from axonal.neuro.layers.alif import ALIF, ALIFState
from axonal.neuro.layers.binary_embedding import BinaryEmbedding
from axonal.neuro.layers.bit_linear import BitLinear
from axonal.neuro.layers.cell import Cell
from axonal.neuro.layers.conv import Conv2d
from axonal.neuro.layers.cubalif import CuBaLIF, CuBaLIFState
from axonal.neuro.layers.delayed_conv1d import DelayedConv1d
from axonal.neuro.layers.delayed_conv2d import DelayedConv2d
from axonal.neuro.layers.delayed_linear import DelayedLinear, DelayedLinearState
from axonal.neuro.layers.dropout import Dropout
from axonal.neuro.layers.egru import EGRU, EGRUState
from axonal.neuro.layers.event_trace import EventTrace, event_traces
from axonal.neuro.layers.graded_lif import GradedLIF
from axonal.neuro.layers.if_ import IF
from axonal.neuro.layers.klif import KLIF, KLIFState
from axonal.neuro.layers.leaky_integrator import LeakyIntegrator, LeakyIntegratorState
from axonal.neuro.layers.leaky_rnn import LeakyRNN, LeakyRNNState
from axonal.neuro.layers.legendre_memory import LegendreMemory, LegendreMemoryState
from axonal.neuro.layers.lif import LIF, LIFState
from axonal.neuro.layers.lift import Lift
from axonal.neuro.layers.linear import Linear
from axonal.neuro.layers.lmu import LMU
from axonal.neuro.layers.lsnn import LSNN, LSNNState
from axonal.neuro.layers.mlgru import MLGRU, LowerBounds, MLGRUState
from axonal.neuro.layers.norm import BatchNorm
from axonal.neuro.layers.packed_bit_linear import PackedBitLinear
from axonal.neuro.layers.plif import PLIF
from axonal.neuro.layers.resonate_and_fire import ResonateAndFire, ResonateAndFireState
from axonal.neuro.layers.sparse_egru import SparseEGRU
from axonal.neuro.layers.spiking_rffn import SpikingRFFN, SpikingRFFNState
from axonal.neuro.layers.spiking_rwkv import SpikingRWKV, SpikingRWKVState
from axonal.neuro.layers.temporal_conv import TemporalConv, TemporalConvState
from axonal.neuro.layers.ternary_glu import TernaryGLU, TernaryGLUState
from axonal.neuro.layers.two_point import TwoPoint

__all__ = [
    "ALIF",
    "EGRU",
    "IF",
    "KLIF",
    "LIF",
    "LMU",
    "LSNN",
    "MLGRU",
    "PLIF",
    "ALIFState",
    "AdEx",
    "AdExState",
    "BatchNorm",
    "BinaryEmbedding",
    "BitLinear",
    "Cell",
    "Conv2d",
    "CuBaLIF",
    "CuBaLIFState",
    "DelayedConv1d",
    "DelayedConv2d",
    "DelayedConvState",
    "DelayedLinear",
    "DelayedLinearState",
    "Dropout",
    "EGRUState",
    "EventTrace",
    "GradedLIF",
    "KLIFState",
    "LIFState",
    "LSNNState",
    "Layer",
    "LeakyIntegrator",
    "LeakyIntegratorState",
    "LeakyRNN",
    "LeakyRNNState",
    "LegendreMemory",
    "LegendreMemoryState",
    "Lift",
    "Linear",
    "LowerBounds",
    "MLGRUState",
    "PackedBitLinear",
    "ResonateAndFire",
    "ResonateAndFireState",
    "SparseEGRU",
    "SpikingRFFN",
    "SpikingRFFNState",
    "SpikingRWKV",
    "SpikingRWKVState",
    "TemporalConv",
    "TemporalConvState",
    "TernaryGLU",
    "TernaryGLUState",
    "TwoPoint",
    "detach",
    "event_traces",
]
