"""Liquids: spiking reservoirs whose synapses may learn, and readouts of their spike counts."""

from axonal.reservoirs.liquids._as_network import as_network
from axonal.reservoirs.liquids.count_readout import CountReadout
from axonal.reservoirs.liquids.liquid import Liquid, LiquidRun
from axonal.reservoirs.liquids.nalsm import NALSM
from axonal.reservoirs.liquids.synapses import Exponential, LastSpike

__all__ = ["NALSM", "CountReadout", "Exponential", "LastSpike", "Liquid", "LiquidRun", "as_network"]
