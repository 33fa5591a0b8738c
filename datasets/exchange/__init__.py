"""Events to and from tonic, whose package is imported by nothing here.

tonic's licence is the GPL: its transforms and data sets are what the caller brings along.
"""

from axonal.datasets.exchange.from_tonic import from_tonic
from axonal.datasets.exchange.tonic_samples import TonicSamples, to_tonic
from axonal.datasets.exchange.tonic_transform import TonicTransform

__all__ = ["TonicSamples", "TonicTransform", "from_tonic", "to_tonic"]
