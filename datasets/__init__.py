"""Encoders that turn real numbers into spikes, embedded digits, images, and bags of instances.

Everything here is numpy; what has time has it first: ``[T, B, N]``. Nothing is downloaded.

>>> from axonal.datasets import digits
>>> digits("test").dense(range(32)).shape
(16, 32, 64)
"""

from axonal.datasets._bags import Bags
from axonal.datasets._digits import digits
from axonal.datasets._encoders import delta, latency, rate, to_dense
from axonal.datasets._idx import fashion_mnist, mnist
from axonal.datasets._mil import mil
from axonal.datasets._spike_times import SpikeTimes

__all__ = [
    "Bags",
    "SpikeTimes",
    "delta",
    "digits",
    "fashion_mnist",
    "latency",
    "mil",
    "mnist",
    "rate",
    "to_dense",
]
