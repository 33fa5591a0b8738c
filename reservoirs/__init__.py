"""Liquids whose synapses learn, and what they are made of."""

from axonal.reservoirs import topology
from axonal.reservoirs.count_readout import CountReadout
from axonal.reservoirs.liquid import Liquid, LiquidRun
from axonal.reservoirs.nalsm import NALSM
from axonal.reservoirs.plasticity import (
    ActivitySTDP,
    Astrocyte,
    Constant,
    Modulator,
    PairSTDP,
)
from axonal.reservoirs.synapses import Exponential, LastSpike

__all__ = [
    "NALSM",
    "ActivitySTDP",
    "Astrocyte",
    "Constant",
    "CountReadout",
    "Exponential",
    "LastSpike",
    "Liquid",
    "LiquidRun",
    "Modulator",
    "PairSTDP",
    "topology",
]
