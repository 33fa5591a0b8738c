"""Encoders that turn real numbers into spikes, and embedded data as spike times.

Everything here is numpy, time first: ``[T, B, N]``. Nothing is downloaded.

>>> from axonal.datasets import digits
>>> digits("test").dense(range(32)).shape
(16, 32, 64)
"""

from axonal.datasets._digits import digits
from axonal.datasets._encoders import delta, latency, rate, to_dense
from axonal.datasets._spike_times import SpikeTimes

__all__ = ["SpikeTimes", "delta", "digits", "latency", "rate", "to_dense"]
