"""Chaotic series: flows and their Lyapunov exponents, delay equations, scores of forecasts."""

from axonal.reservoirs.series.lyapunov import LyapunovSpectrum, lyapunov_exponent, lyapunov_spectrum
from axonal.reservoirs.series.mackey_glass import mackey_glass, mackey_glass_exponent
from axonal.reservoirs.series.narma import narma
from axonal.reservoirs.series.scores import smape, valid_prediction_time
from axonal.reservoirs.series.system import System
from axonal.reservoirs.series.systems import SYSTEMS
from axonal.reservoirs.series.trajectory import trajectory

__all__ = [
    "SYSTEMS",
    "LyapunovSpectrum",
    "System",
    "lyapunov_exponent",
    "lyapunov_spectrum",
    "mackey_glass",
    "mackey_glass_exponent",
    "narma",
    "smape",
    "trajectory",
    "valid_prediction_time",
]
