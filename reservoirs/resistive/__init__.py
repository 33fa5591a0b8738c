"""Resistive memory: devices, crossbars, and liquids whose random weights lie on them."""

from axonal.reservoirs.resistive.adc import ADC
from axonal.reservoirs.resistive.crossbar import Crossbar
from axonal.reservoirs.resistive.resistive_device import ResistiveDevice
from axonal.reservoirs.resistive.resistive_liquid import ResistiveLiquid
from axonal.reservoirs.resistive.trained_liquid import TrainedLiquid

__all__ = ["ADC", "Crossbar", "ResistiveDevice", "ResistiveLiquid", "TrainedLiquid"]
