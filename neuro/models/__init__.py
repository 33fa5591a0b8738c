"""Whole models of the literature, made of the layers."""

from axonal.neuro.models.delay_snn import DelaySNN
from axonal.neuro.models.lmuformer import LMUFormer
from axonal.neuro.models.qk_attention import QKAttention
from axonal.neuro.models.spike_driven_self_attention import SpikeDrivenSelfAttention
from axonal.neuro.models.spikegpt import SpikeGPT
from axonal.neuro.models.spiking_lmu import SpikingLMU
from axonal.neuro.models.spiking_lmuformer import SpikingLMUFormer
from axonal.neuro.models.spiking_transformer import SpikingTransformer
from axonal.neuro.models.ternary_lm import TernaryLM

__all__ = [
    "DelaySNN",
    "LMUFormer",
    "QKAttention",
    "SpikeDrivenSelfAttention",
    "SpikeGPT",
    "SpikingLMU",
    "SpikingLMUFormer",
    "SpikingTransformer",
    "TernaryLM",
]
